#include "transfer/body_pump.h"

#include <algorithm>
#include <optional>

#include "transfer/async_event.h"
#include "transfer/control_limits.h"

namespace satchel::transfer {
namespace {

/// What a worker did with one chunk: the buffer comes back for the next.
struct ChunkDone {
    Bytes buffer;
    Status status;
    std::uint64_t offset = 0;
};

/// At most one chunk on a worker. The job owns all it touches, so it may outlive this.
class ChunkJob {
public:
    explicit ChunkJob(asio::any_io_executor const& executor)
        : state_(std::make_shared<State>(executor)) {}

    template <class Work>
    void start(WorkerPool& pool, Work work) {
        running_ = true;
        state_->finished.clear();
        pool.run(std::move(work), [state = state_](ChunkDone done) {
            state->done = std::move(done);
            state->finished.set();
        });
    }

    bool running() const { return running_; }

    asio::awaitable<ChunkDone> finish() {
        co_await state_->finished.wait();
        running_ = false;
        co_return std::move(state_->done);
    }

private:
    struct State {
        explicit State(asio::any_io_executor const& executor)
            : finished(executor) {}

        AsyncEvent finished;
        ChunkDone done;
    };

    std::shared_ptr<State> state_;
    bool running_ = false;
};

std::size_t next_chunk(Traffic const& traffic, Traffic::Way way, std::uint64_t left) {
    return static_cast<std::size_t>(std::min<std::uint64_t>(left, traffic.chunk_bytes(way)));
}

}  // namespace

asio::awaitable<PumpResult> receive_body(TlsChannel& channel, WorkerPool& pool, Traffic& traffic,
                                         std::shared_ptr<BlobUpload> upload, IncomingBody body) {
    PumpResult result;
    ChunkJob job(channel.executor());
    Bytes filling;
    Bytes spare;
    Traffic::Body const counted(traffic);
    auto const wanted = [&channel] { return channel.is_open(); };
    while (body.bytes > 0 && result.network && result.disk) {
        filling.resize(next_chunk(traffic, Traffic::Way::down, body.bytes));
        // What is not read fills the connection, and the other side waits.
        co_await traffic.pass(Traffic::Way::down, filling.size(), wanted);
        channel.deadline().expires_after(body.chunk_patience);
        result.network = co_await channel.read_exactly(filling);
        channel.deadline().suspend();
        if (job.running()) {
            ChunkDone done = co_await job.finish();
            result.disk = std::move(done.status);
            spare = std::move(done.buffer);
            if (result.disk && body.advanced) body.advanced(done.offset);
        }
        if (!result.network || !result.disk) break;
        body.bytes -= filling.size();
        auto const skipped = std::min<std::uint64_t>(body.skip, filling.size());
        body.skip -= skipped;
        if (skipped == filling.size()) continue;
        job.start(pool, [upload, skipped, buffer = std::move(filling)]() mutable {
            auto const fresh = ByteSpan(buffer).subspan(static_cast<std::size_t>(skipped));
            Status written = upload->write(fresh);
            std::uint64_t const offset = upload->offset();
            return ChunkDone{std::move(buffer), std::move(written), offset};
        });
        filling = std::exchange(spare, {});
    }
    if (job.running()) {
        ChunkDone done = co_await job.finish();
        result.disk = std::move(done.status);
        if (result.disk && body.advanced) body.advanced(done.offset);
    }
    co_return result;
}

namespace {

ChunkDone read_chunk(UniqueFd const& file, Bytes buffer, std::uint64_t at) {
    auto const count = read_at(file.get(), buffer, at);
    Status status;
    if (!count) {
        status = fail(count.error());
    } else if (*count != buffer.size()) {
        status = fail(Fault::io, "the blob's file is shorter than it was");
    }
    return {std::move(buffer), std::move(status), at};
}

}  // namespace

asio::awaitable<PumpResult> send_body(TlsChannel& channel, WorkerPool& pool, Traffic& traffic,
                                      OutgoingBody body) {
    PumpResult result;
    ChunkJob job(channel.executor());
    std::uint64_t position = body.first;
    std::uint64_t const end = body.first + body.bytes;
    std::uint64_t sent = 0;
    Traffic::Body const counted(traffic);
    auto const wanted = [&channel] { return channel.is_open(); };
    Bytes spare;
    auto const read_ahead = [&] {
        spare.resize(next_chunk(traffic, Traffic::Way::up, end - position));
        std::uint64_t const at = std::exchange(position, position + spare.size());
        job.start(pool, [file = body.file, at, buffer = std::exchange(spare, {})]() mutable {
            return read_chunk(*file, std::move(buffer), at);
        });
    };
    auto const next_end = [&] {
        return position + next_chunk(traffic, Traffic::Way::up, end - position);
    };
    while (sent < body.bytes) {
        if (!job.running()) {
            bool const there = !body.growth || co_await body.growth->wait_for(next_end());
            if (!there) result.disk = fail(Fault::io, "the blob was not made to its end");
            if (!there) break;
            read_ahead();
        }
        ChunkDone chunk = co_await job.finish();
        result.disk = std::move(chunk.status);
        if (!result.disk) break;
        bool const more = position < end && (!body.growth || body.growth->written() >= next_end());
        if (more) read_ahead();
        co_await traffic.pass(Traffic::Way::up, chunk.buffer.size(), wanted);
        channel.deadline().expires_after(body.chunk_patience);
        result.network = co_await channel.write(chunk.buffer);
        channel.deadline().suspend();
        if (!result.network) break;
        sent += chunk.buffer.size();
        spare = std::move(chunk.buffer);
        if (body.go_on && !body.go_on(sent)) break;
    }
    co_return result;
}

}  // namespace satchel::transfer
