#include "transfer/swarm_message.h"

#include <algorithm>

#include "src/core/endpoint_codec.h"
#include "src/core/utf8.h"
#include "transfer/merkle_root.h"

namespace satchel::transfer {
namespace {

constexpr std::size_t ip_octets = 64;
constexpr std::size_t why_octets = 200;

enum class OrderKind : std::uint8_t { start = 1, dial = 2, stop = 3, rates = 4 };
enum class WordKind : std::uint8_t {
    up = 1,
    ready = 2,
    piece = 3,
    dropped = 4,
    failed = 5,
    traffic = 6
};

/// Text that may be sent: ASCII, cut.
std::string plain(std::string text, std::size_t octets) {
    if (text.size() > octets) text.resize(octets);
    for (char& c : text)
        if (c < 0x20 || c > 0x7e) c = '?';
    return text;
}

Bytes bits_of(std::vector<bool> const& have) {
    Bytes bits((have.size() + 7) / 8);
    for (std::size_t i = 0; i < have.size(); ++i)
        if (have[i]) bits[i / 8] = static_cast<Byte>(bits[i / 8] | (1U << (i % 8)));
    return bits;
}

/// nullopt: not so many bits, or bits behind them.
std::optional<std::vector<bool>> have_of(Bytes const& bits, std::uint64_t pieces) {
    if (bits.size() != (pieces + 7) / 8) return std::nullopt;
    std::vector<bool> have(pieces);
    for (std::size_t i = 0; i < have.size(); ++i)
        have[i] = ((bits[i / 8] >> (i % 8)) & 1U) != 0;
    return bits_of(have) == bits ? std::optional(std::move(have)) : std::nullopt;
}

template <class Kind>
MsgpackWriter begin(Kind kind, std::size_t fields) {
    MsgpackWriter out;
    out.map(fields + 1).key(0).number(static_cast<std::uint64_t>(kind));
    return out;
}

struct OrderWriter {
    Bytes operator()(StartSwarmJob const& start) const {
        SwarmJob const& what = start.what;
        auto out = begin(OrderKind::start, 9);
        out.key(1).number(start.job);
        out.key(2).binary(what.content_id.bytes);
        out.key(3).number(what.size);
        out.key(4);
        write_swarm_peers(out, what.peers);
        out.key(5).number(what.share.index);
        out.key(6).number(what.share.of);
        out.key(7).binary(bits_of(what.have));
        out.key(8).flag(start.with_kept);
        out.key(9).flag(start.with_fresh);
        return out.take();
    }

    Bytes operator()(DialSwarmJob const& dial) const {
        return begin(OrderKind::dial, 1).key(1).number(dial.job).take();
    }

    Bytes operator()(StopSwarmJob const& stop) const {
        return begin(OrderKind::stop, 1).key(1).number(stop.job).take();
    }

    Bytes operator()(SwarmRates const& rates) const {
        return begin(OrderKind::rates, 2)
            .key(1)
            .number(rates.upload)
            .key(2)
            .number(rates.download)
            .take();
    }
};

struct WordWriter {
    Bytes operator()(SwarmIsUp const& up) const {
        auto out = begin(WordKind::up, 1);
        out.key(1);
        write_endpoints(out, {up.listening});
        return out.take();
    }

    Bytes operator()(SwarmJobReady const& ready) const {
        return begin(WordKind::ready, 1).key(1).number(ready.job).take();
    }

    Bytes operator()(SwarmPieceCame const& came) const {
        return begin(WordKind::piece, 2).key(1).number(came.job).key(2).number(came.index).take();
    }

    Bytes operator()(SwarmPeerDropped const& dropped) const {
        return begin(WordKind::dropped, 3)
            .key(1)
            .number(dropped.job)
            .key(2)
            .text(plain(dropped.ip, ip_octets))
            .key(3)
            .text(plain(dropped.why, why_octets))
            .take();
    }

    Bytes operator()(SwarmJobFailed const& failed) const {
        return begin(WordKind::failed, 2)
            .key(1)
            .number(failed.job)
            .key(2)
            .text(plain(failed.why, why_octets))
            .take();
    }

    Bytes operator()(SwarmTraffic const& traffic) const {
        return begin(WordKind::traffic, 3)
            .key(1)
            .number(traffic.sent)
            .key(2)
            .number(traffic.received)
            .key(3)
            .number(traffic.peers)
            .take();
    }
};

StartSwarmJob read_start(MsgpackFields& fields) {
    StartSwarmJob start;
    SwarmJob& what = start.what;
    start.job = fields.number(1);
    what.content_id.bytes = fields.binary_of<32>(2);
    what.size = fields.number(3);
    what.peers = read_swarm_peers(fields, 4);
    what.share = {fields.number32(5), fields.number32(6)};
    Bytes const bits = fields.binary(7, swarm_pieces_max / 8);
    start.with_kept = fields.flag(8);
    start.with_fresh = fields.flag(9);
    if (!fields.status()) return start;
    bool const sizes = what.size > 0 && pieces_in(what.size) <= swarm_pieces_max &&
                       what.share.index < what.share.of;
    auto have = sizes ? have_of(bits, pieces_in(what.size)) : std::nullopt;
    if (have) {
        what.have = std::move(*have);
    } else {
        fields.fail_with({Fault::corrupt, "a job that makes no sense"});
    }
    return start;
}

SwarmIsUp read_up(MsgpackFields& fields) {
    auto const endpoints = read_endpoints(fields, 1);
    if (endpoints.size() == 1) return {endpoints.front()};
    fields.fail_with({Fault::corrupt, "one endpoint is listened on"});
    return {};
}

std::string read_plain(MsgpackFields& fields, std::uint64_t key, std::size_t octets) {
    return plain(fields.text(key, octets), octets);
}

SwarmOrder read_order(MsgpackFields& fields, OrderKind kind) {
    switch (kind) {
        case OrderKind::start:
            return read_start(fields);
        case OrderKind::dial:
            return DialSwarmJob{fields.number(1)};
        case OrderKind::stop:
            return StopSwarmJob{fields.number(1)};
        case OrderKind::rates:
            return SwarmRates{fields.number(1), fields.number(2)};
    }
    fields.fail_with({Fault::corrupt, "an unknown order"});
    return StopSwarmJob{};
}

SwarmWord read_word(MsgpackFields& fields, WordKind kind) {
    switch (kind) {
        case WordKind::up:
            return read_up(fields);
        case WordKind::ready:
            return SwarmJobReady{fields.number(1)};
        case WordKind::piece:
            return SwarmPieceCame{fields.number(1), fields.number(2, swarm_pieces_max)};
        case WordKind::dropped: {
            SwarmPeerDropped dropped;
            dropped.job = fields.number(1);
            dropped.ip = read_plain(fields, 2, ip_octets);
            dropped.why = read_plain(fields, 3, why_octets);
            return dropped;
        }
        case WordKind::failed: {
            SwarmJobFailed failed;
            failed.job = fields.number(1);
            failed.why = read_plain(fields, 2, why_octets);
            return failed;
        }
        case WordKind::traffic:
            return SwarmTraffic{fields.number(1), fields.number(2), fields.number(3)};
    }
    fields.fail_with({Fault::corrupt, "an unknown word"});
    return SwarmTraffic{};
}

}  // namespace

void write_swarm_peers(MsgpackWriter& out, std::vector<SwarmPeer> const& peers) {
    out.array(peers.size());
    for (SwarmPeer const& peer : peers) {
        out.map(1).key(1);
        write_endpoints(out, peer.endpoints);
    }
}

std::vector<SwarmPeer> read_swarm_peers(MsgpackFields& fields, std::uint64_t key) {
    std::vector<SwarmPeer> peers;
    for (MsgpackValue const& each : fields.array(key, swarm_peers_max)) {
        auto peer = MsgpackFields::of_map(each);
        peers.push_back({read_endpoints(peer, 1)});
        if (auto status = peer.status(); !status) {
            fields.fail_with(status.error());
            return {};
        }
    }
    return peers;
}

Bytes encode_swarm_order(SwarmOrder const& order) {
    return std::visit(OrderWriter(), order);
}

Result<SwarmOrder> decode_swarm_order(ByteSpan bytes) {
    auto const value = decode_msgpack(bytes, swarm_message_bytes);
    if (!value) return fail(value.error());
    auto fields = MsgpackFields::of_map(*value);
    auto const kind = static_cast<OrderKind>(fields.number(0, 4));
    SwarmOrder order = read_order(fields, kind);
    if (auto status = fields.status(); !status) return fail(status.error());
    return order;
}

Bytes encode_swarm_word(SwarmWord const& word) {
    return std::visit(WordWriter(), word);
}

Result<SwarmWord> decode_swarm_word(ByteSpan bytes) {
    auto const value = decode_msgpack(bytes, swarm_message_bytes);
    if (!value) return fail(value.error());
    auto fields = MsgpackFields::of_map(*value);
    auto const kind = static_cast<WordKind>(fields.number(0, 6));
    SwarmWord word = read_word(fields, kind);
    if (auto status = fields.status(); !status) return fail(status.error());
    return word;
}

}  // namespace satchel::transfer
