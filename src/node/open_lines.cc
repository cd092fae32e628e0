#include "src/node/open_lines.h"

#include "transfer/control_limits.h"

namespace satchel::node {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::size_t lines_max = 65'536;
constexpr auto ping_patience = 3s;
constexpr auto between_holds = 30s;  // a round trip, or a short break of the network

constexpr std::size_t waiting_max = 2 * transfer::control_limits::line_orders;

/// As many as fit into one answer.
template <class Item>
std::vector<Item> take_some(std::vector<Item>& waiting) {
    auto const count = std::min(waiting.size(), transfer::control_limits::line_orders);
    auto const end = waiting.begin() + static_cast<std::ptrdiff_t>(count);
    std::vector<Item> taken(waiting.begin(), end);
    waiting.erase(waiting.begin(), end);
    return taken;
}

}  // namespace

std::shared_ptr<OpenLines::Line> OpenLines::find(NodeKey const& node) {
    auto const found = lines_.find(node);
    if (found == lines_.end()) return nullptr;
    auto const& line = found->second;
    if (line->held || steady_clock::now() - line->last_seen < between_holds) return line;
    return nullptr;
}

void OpenLines::sweep() {
    if (lines_.size() < lines_max) return;
    std::erase_if(lines_, [](auto const& entry) {
        return !entry.second->held && steady_clock::now() - entry.second->last_seen > between_holds;
    });
}

asio::awaitable<transfer::LineAnswer> OpenLines::hold(NodeKey node,
                                                      std::chrono::milliseconds patience) {
    sweep();
    if (lines_.size() >= lines_max || stopped_) co_return transfer::LineAnswer();
    auto& slot = lines_[node];
    if (!slot) slot = std::make_shared<Line>(owner_.get_executor());
    auto const line = slot;
    auto const mine = ++line->holds;
    line->held = true;
    line->asked = false;
    line->changed.notify();  // a hold before this one has lost its connection
    line->held_again.notify();
    auto const until = steady_clock::now() + patience;
    auto const waits = [&] {
        return !stopped_ && mine == line->holds && line->orders.empty() && line->meetings.empty() &&
               !line->asked && steady_clock::now() < until;
    };
    // Not before this turn of the loop ends: the notice above would end the new wait as well.
    co_await asio::post(owner_, asio::use_awaitable);
    while (waits())
        co_await line->changed.wait_until(until);
    transfer::LineAnswer answer;
    if (mine != line->holds) co_return answer;
    line->held = false;
    line->last_seen = steady_clock::now();
    answer.orders = take_some(line->orders);
    answer.meetings = take_some(line->meetings);
    co_return answer;
}

asio::awaitable<Status> OpenLines::ping(NodeKey node) {
    auto const line = find(node);
    if (!line) co_return fail(Fault::not_found, "it holds no line to its gateway");
    auto const before = line->holds;
    line->asked = true;
    line->changed.notify();
    auto const until = steady_clock::now() + ping_patience;
    while (!stopped_ && line->holds == before && steady_clock::now() < until)
        co_await line->held_again.wait_until(std::min(until, steady_clock::now() + 50ms));
    if (line->holds != before) co_return Status();
    co_return fail(Fault::unavailable, "no answer over the line that it held to its gateway");
}

Status OpenLines::order(NodeKey const& node, PullNotice const& notice) {
    auto const line = find(node);
    if (!line) return fail(Fault::not_found, "it holds no line to its gateway");
    if (line->orders.size() >= waiting_max)
        return fail(Fault::unavailable, "too many orders wait for it already");
    line->orders.push_back(notice);
    line->changed.notify();
    return {};
}

Status OpenLines::call_to_meeting(NodeKey const& node, transfer::RelayToken const& token) {
    auto const line = find(node);
    if (!line) return fail(Fault::not_found, "it holds no line to its gateway");
    if (line->meetings.size() >= waiting_max)
        return fail(Fault::unavailable, "too many wait for it already");
    line->meetings.push_back(token);
    line->changed.notify();
    return {};
}

void OpenLines::stop() {
    stopped_ = true;
    for (auto const& [node, line] : lines_)
        line->changed.notify();
}

}  // namespace satchel::node
