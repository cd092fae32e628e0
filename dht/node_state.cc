#include "dht/node_state.h"

#include <algorithm>
#include <optional>

#include "src/base/hex.h"

namespace satchel::location {
namespace {

constexpr std::size_t peers_max = 256;
constexpr std::string_view first_line = "satchel-dht 1";

std::optional<DhtNodeId> parse_id(std::string_view hex) {
    auto const bytes = from_hex(hex);
    DhtNodeId id{};
    if (!bytes || bytes->size() != id.size()) return std::nullopt;
    std::copy(bytes->begin(), bytes->end(), id.begin());
    return id;
}

/// Cuts the next line off `text`; none at the end, or where a line has no end.
std::optional<std::string_view> take_line(std::string_view& text) {
    auto const end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    auto const line = text.substr(0, end);
    text.remove_prefix(end + 1);
    return line;
}

std::optional<KnownPeer> parse_peer(std::string_view line) {
    constexpr std::string_view word = "peer ";
    if (!line.starts_with(word)) return std::nullopt;
    line.remove_prefix(word.size());
    auto const blank = line.find(' ');
    if (blank == std::string_view::npos) return std::nullopt;
    auto const id = parse_id(line.substr(0, blank));
    auto endpoint = Endpoint::parse(line.substr(blank + 1));
    if (!id || !endpoint) return std::nullopt;
    return KnownPeer{*id, std::move(*endpoint)};
}

}  // namespace

std::string format_node_state(NodeState const& state) {
    std::string text(first_line);
    text += "\nnode " + to_hex(state.id) + '\n';
    auto const count = std::min(state.peers.size(), peers_max);
    for (std::size_t i = 0; i < count; ++i) {
        auto const& peer = state.peers[i];
        text += "peer " + to_hex(peer.id) + ' ' + peer.endpoint.to_string() + '\n';
    }
    return text;
}

Result<NodeState> parse_node_state(std::string_view text) {
    auto const damaged = [] { return fail(Fault::corrupt, "damaged DHT state file"); };
    auto const head = take_line(text);
    if (!head || *head != first_line) return damaged();
    auto const node = take_line(text);
    constexpr std::string_view word = "node ";
    if (!node || !node->starts_with(word)) return damaged();
    auto const id = parse_id(node->substr(word.size()));
    if (!id) return damaged();
    NodeState state{*id, {}};
    while (!text.empty()) {
        auto const line = take_line(text);
        auto peer = line ? parse_peer(*line) : std::nullopt;
        if (!peer || state.peers.size() == peers_max) return damaged();
        state.peers.push_back(std::move(*peer));
    }
    return state;
}

}  // namespace satchel::location
