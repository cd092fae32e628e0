#include "transfer/ranged_body.h"

#include "transfer/early_pieces.h"

namespace satchel::transfer {

namespace {

/// Between two ranges nobody waits for an answer, and who sends gives each chunk twice as long.
constexpr std::chrono::seconds feeding_patience{60};
constexpr std::chrono::seconds answer_patience{10};  ///< ClientLimits::answer is longer

}  // namespace

asio::awaitable<RangedResult> receive_ranges(TlsChannel& channel, WorkerPool& pool,
                                             Traffic& traffic, std::shared_ptr<UploadSlot> slot,
                                             RangedBody body) {
    std::vector<ByteRange> ranges{body.ranges.range};
    ranges.insert(ranges.end(), body.ranges.more.begin(), body.ranges.more.end());
    RangedResult result;
    PumpResult& moved = result.moved;
    for (std::size_t i = 0; i < ranges.size() && moved.network && moved.disk; ++i) {
        // What came early was wrong, or is too slow in coming: it is told by the answer.
        result.whole = ranges[i].first <= slot->have();
        if (!result.whole) break;
        IncomingBody part;
        part.bytes = ranges[i].bytes();
        part.masked = body.masked;
        part.skip = slot->have() - ranges[i].first;
        part.chunk_patience = body.chunk_patience;
        part.advanced = body.advanced;
        moved = co_await receive_body(channel, pool, traffic, slot->upload(), std::move(part));
        bool const last = i + 1 == ranges.size();
        if (moved.disk && moved.network)
            moved.disk = co_await feed_early(slot, pool, last ? answer_patience : feeding_patience);
    }
    co_return result;
}

}  // namespace satchel::transfer
