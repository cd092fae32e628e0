#include "transfer/body_pump.h"

#include <algorithm>
#include <optional>

#include "transfer/async_event.h"
#include "transfer/control_limits.h"

namespace satchel::transfer {
namespace {

constexpr std::size_t gathered_bytes = std::size_t{256} * 1024;

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

/// A buffer that was much larger, while there were fewer bodies, is given back.
void fit(Bytes& buffer, std::size_t bytes) {
    if (buffer.capacity() > 2 * bytes) buffer = Bytes();
    buffer.resize(bytes);
}

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
        fit(filling, next_chunk(traffic, Traffic::Way::down, body.bytes));
        // What is not read fills the connection, and the other side waits.
        co_await traffic.pass(Traffic::Way::down, filling.size(), wanted);
        if (body.pace) channel.expect(*body.pace);
        if (!body.pace) channel.deadline().expires_after(body.chunk_patience);
        std::size_t came = 0;
        // Where a chunk counts only when it is whole, nobody need wake up for less of it.
        auto const gathered = body.pace ? 1 : gathered_bytes;
        if (body.masked) result.network = co_await channel.read_masked(filling, came, gathered);
        if (!body.masked) result.network = co_await channel.read_exactly(filling, came);
        channel.deadline().suspend();
        if (job.running()) {
            ChunkDone done = co_await job.finish();
            result.disk = std::move(done.status);
            spare = std::move(done.buffer);
            if (result.disk && body.advanced) body.advanced(done.offset);
        }
        // A sender that broke off begins its chunk anew; of a slow source each byte counts.
        if (!result.disk || (!result.network && (!body.pace || came == 0))) break;
        filling.resize(came);
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

/// Sends one body. Of a blob that is being made, what waits in memory goes from there, and the rest
/// from its file.
class BodySender {
public:
    BodySender(TlsChannel& channel, WorkerPool& pool, Traffic& traffic, OutgoingBody body)
        : channel_(channel)
        , pool_(pool)
        , traffic_(traffic)
        , body_(std::move(body))
        , file_(body_.file) {}

    asio::awaitable<PumpResult> run() {
        Traffic::Body const counted(traffic_);
        bool going = true;
        if (body_.growth) going = co_await send_from_memory();
        if (going && sent_ < body_.bytes) co_await send_from_file();
        co_return std::move(result_);
    }

private:
    std::uint64_t end() const { return body_.first + body_.bytes; }

    /// False: it broke, or is not wanted any more.
    asio::awaitable<bool> send(ByteSpan chunk) {
        auto const wanted = [this] { return channel_.is_open(); };
        co_await traffic_.pass(Traffic::Way::up, chunk.size(), wanted);
        channel_.deadline().expires_after(body_.chunk_patience);
        if (body_.masked) result_.network = co_await channel_.write_masked(chunk);
        if (!body_.masked) result_.network = co_await channel_.write(chunk);
        channel_.deadline().suspend();
        if (!result_.network) co_return false;
        sent_ += chunk.size();
        co_return !body_.go_on || body_.go_on(sent_);
    }

    asio::awaitable<bool> made(std::uint64_t up_to) {
        bool const there = co_await body_.growth->wait_for(up_to);
        if (!there) result_.disk = fail(Fault::io, "the blob was not made to its end");
        co_return there;
    }

    asio::awaitable<bool> send_from_memory() {
        GrowingBlob& growth = *body_.growth;
        growth.release(body_.first);
        while (sent_ < body_.bytes) {
            std::uint64_t const at = body_.first + sent_;
            if (!co_await made(at + 1)) co_return false;
            ByteSpan const waiting = growth.waiting_at(at);
            if (waiting.empty()) {
                file_ = growth.file_with(at);
                if (!file_) result_.disk = fail(Fault::io, "what is wanted stands nowhere");
                co_return file_ != nullptr;
            }
            auto const chunk = next_chunk(traffic_, Traffic::Way::up, end() - at);
            if (!co_await send(waiting.first(std::min(chunk, waiting.size())))) co_return false;
            growth.release(body_.first + sent_);
        }
        co_return true;
    }

    std::uint64_t next_end() const {
        return position_ + next_chunk(traffic_, Traffic::Way::up, end() - position_);
    }

    void read_ahead(ChunkJob& job, std::uint64_t up_to) {
        fit(spare_, static_cast<std::size_t>(up_to - position_));
        std::uint64_t const at = std::exchange(position_, up_to);
        job.start(pool_, [file = file_, at, buffer = std::exchange(spare_, {})]() mutable {
            return read_chunk(*file, std::move(buffer), at);
        });
    }

    asio::awaitable<void> send_from_file() {
        ChunkJob job(channel_.executor());
        position_ = body_.first + sent_;
        while (sent_ < body_.bytes) {
            if (!job.running()) {
                std::uint64_t const up_to = next_end();
                if (body_.growth && !co_await made(up_to)) co_return;
                read_ahead(job, up_to);
            }
            ChunkDone chunk = co_await job.finish();
            result_.disk = std::move(chunk.status);
            if (!result_.disk) co_return;
            std::uint64_t const up_to = next_end();
            bool const more = position_ < end() && (!body_.growth || body_.growth->made() >= up_to);
            if (more) read_ahead(job, up_to);
            if (!co_await send(chunk.buffer)) co_return;
            spare_ = std::move(chunk.buffer);
        }
    }

    TlsChannel& channel_;
    WorkerPool& pool_;
    Traffic& traffic_;
    OutgoingBody body_;
    std::shared_ptr<UniqueFd> file_;
    Bytes spare_;
    std::uint64_t position_ = 0;  ///< first byte that no worker has been told to read
    std::uint64_t sent_ = 0;
    PumpResult result_;
};

}  // namespace

asio::awaitable<PumpResult> send_body(TlsChannel& channel, WorkerPool& pool, Traffic& traffic,
                                      OutgoingBody body) {
    BodySender sender(channel, pool, traffic, std::move(body));
    co_return co_await sender.run();
}

}  // namespace satchel::transfer
