#include "tests/bench/scale_network.h"

#include <algorithm>

namespace satchel::bench {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::size_t bootstrap_peers = 3;
constexpr std::size_t copies = 8;  // OpenDHT keeps a value on so many nodes

void ScaleNetwork::grow_to(std::size_t size) {
    while (nodes_.size() < size) {
        location::OpendhtOptions options;
        options.listen = {"127.0.0.1", 0};
        options.fate = path.fate();
        options.network = id;
        for (std::size_t i = 0; i < std::min(bootstrap_peers, nodes_.size()); ++i)
            options.bootstrap.push_back(at(any()).listening());
        auto node = Node::start(io, std::move(options), clock, randomness, log);
        if (!node) throw std::runtime_error(node.error().what);
        nodes_.push_back(std::move(*node));
        if (nodes_.size() == 1) continue;
        testing::run_until(
            io, [&] { return nodes_.back()->stats().good_nodes > 0; }, 60s);
    }
}

void ScaleNetwork::converge(std::chrono::seconds rest) {
    auto const want = std::min(copies, nodes_.size() - 1);
    std::size_t looked_at = 0;
    auto const all = [&] {
        while (looked_at < nodes_.size()) {
            auto const stats = nodes_[looked_at]->stats();
            if (!stats.joined || stats.good_nodes < want) return false;
            ++looked_at;
        }
        return true;
    };
    testing::run_until(io, all, 600s);
    run_for(rest);
}

void ScaleNetwork::run_for(std::chrono::milliseconds span) {
    auto const end = steady_clock::now() + span;
    io.restart();
    while (steady_clock::now() < end)
        io.run_one_until(end);
}

void ScaleNetwork::kill(double share) {
    auto left = static_cast<std::size_t>(static_cast<double>(living()) * share + 0.5);
    while (left-- > 0)
        nodes_[any()].reset();
}

std::size_t ScaleNetwork::living() const {
    return static_cast<std::size_t>(std::count_if(
        nodes_.begin(), nodes_.end(), [](auto const& node) { return node != nullptr; }));
}

std::size_t ScaleNetwork::any() {
    std::uniform_int_distribution<std::size_t> pick(0, nodes_.size() - 1);
    for (;;)
        if (auto const index = pick(dice); lives(index)) return index;
}

double ScaleNetwork::good_nodes_on_average() {
    double sum = 0;
    for (auto const& node : nodes_)
        if (node) sum += node->stats().good_nodes;
    return sum / static_cast<double>(living());
}

}  // namespace satchel::bench
