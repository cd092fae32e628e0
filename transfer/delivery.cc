#include "transfer/delivery.h"

#include "transfer/merkle_root.h"

namespace satchel::transfer {

namespace {

constexpr std::chrono::milliseconds pause_after_break{200};  ///< then twice as long each time
constexpr std::chrono::milliseconds longest_pause{3'000};
constexpr std::chrono::milliseconds ask_again{250};
constexpr std::chrono::seconds twin_patience{60};       ///< the same blob arrives by another offer
constexpr std::uint64_t twin_moves_bytes = 256 * 1024;  ///< within that patience
constexpr unsigned sendings_in_vain_max = 4;

/// Counts the receiving side's word on its progress: more tries only as long as something moves.
class Delivery {
public:
    Delivery(ControlClient& client, WorkerPool& workers, DeliveryOrder order)
        : client_(client)
        , workers_(workers)
        , order_(std::move(order))
        , peer_{order_.offer.recipient_node, order_.endpoints, false, order_.meet} {
        RouteFacts facts;
        facts.size = order_.offer.size;
        route_ = choose_route(facts);
        accepted_ = order_.begun;
    }

    asio::awaitable<Result<Delivered>> run() {
        Result<IntakeAnswer> answer = co_await make_offer();
        note_progress();
        for (;;) {
            if (!answer) {
                if (may_renew(answer.error()) || may_be_altered(answer.error())) {
                    answer = co_await client_.offer(peer_, order_.offer, std::nullopt);
                    continue;
                }
                // Taken up again where the other side left off. Without an accepted offer there is
                // nothing to take up: the client has tried all endpoints already.
                note_break();
                bool const worth_it = is_broken(answer.error()) && accepted_ &&
                                      std::chrono::steady_clock::now() + pause_ < give_up_;
                if (!worth_it) co_return fail(answer.error());
                co_await pause(pause_);
                pause_ = std::min(2 * pause_, longest_pause);
                answer = co_await client_.offer(peer_, order_.offer, std::nullopt);
                continue;
            }
            if (auto const* const receipt = std::get_if<Receipt>(&*answer)) {
                co_return checked(*receipt);
            }
            auto const progress = std::get<OfferProgress>(*answer);
            if (Status const fair = weigh(progress); !fair) co_return fail(fair.error());
            bool const directly = progress.action == OfferAction::put ||
                                  progress.action == OfferAction::swarm;  // which was tried before
            if (directly) {
                answer = co_await send_what_lacks(progress);
                if (was_in_vain(answer)) ++in_vain_;
            } else if (progress.action == OfferAction::wait) {
                answer = co_await wait_for_twin();
                if (answer) note_progress();
            } else {
                co_return fail(Fault::corrupt, "the node asks for a route that was not offered");
            }
        }
    }

private:
    void note_progress() {
        give_up_ = std::chrono::steady_clock::now() + order_.patience;
        pause_ = pause_after_break;
    }

    /// Whether it pays to go on with a node that says this.
    Status weigh(OfferProgress const& progress) {
        if (progress.have > order_.offer.size)
            return fail(Fault::corrupt, "the node says that it has more than there is");
        accepted_ = true;
        if (progress.have > seen_) note_progress();
        seen_ = std::max(seen_, progress.have);
        if (std::chrono::steady_clock::now() > give_up_ || in_vain_ == sendings_in_vain_max)
            return fail(Fault::timed_out, "the node asks again for what it was sent");
        return {};
    }

    /// What has gone out since, for however long, may have arrived.
    void note_break() {
        if (seen_at_break_ == seen_) {
            // Somebody on the way may let nothing pass but TLS.
            masked_ = false;
            return;
        }
        seen_at_break_ = seen_;
        note_progress();
    }

    static bool is_broken(Error const& error) {
        return error.fault == Fault::unavailable || error.fault == Fault::timed_out;
    }

    /// It was taken to its end, and it is said that it lacks all the same.
    bool was_in_vain(Result<IntakeAnswer> const& answer) const {
        auto const* const progress = answer ? std::get_if<OfferProgress>(&*answer) : nullptr;
        return progress != nullptr && progress->have < sent_to_;
    }

    bool may_renew(Error const& error) {
        if (error.fault != Fault::refused || !accepted_ || !order_.renew) return false;
        auto later = order_.renew(order_.offer);
        if (!later) return false;
        order_.offer = std::move(*later);
        renewed_ = true;
        return true;
    }

    /// What goes beside TLS may have been changed on its way: what is wrong inside was sent wrong.
    bool may_be_altered(Error const& error) {
        if (error.fault != Fault::corrupt || !std::exchange(went_masked_, false)) return false;
        masked_ = false;
        return true;
    }

    Result<Delivered> checked(Receipt const& receipt) const {
        if (receipt.node != order_.offer.recipient_node || !receipt_holds(receipt, order_.offer)) {
            return fail(Fault::untrusted, "the storage node's receipt is not for this offer");
        }
        if (order_.progress) order_.progress(order_.offer.size);
        return Delivered{receipt, route_, renewed_ ? std::optional(order_.offer) : std::nullopt};
    }

    asio::awaitable<void> pause(std::chrono::milliseconds length) {
        asio::steady_timer timer(co_await asio::this_coro::executor, length);
        boost::system::error_code ignored;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }

    asio::awaitable<Result<IntakeAnswer>> make_offer() {
        std::optional<Bytes> blob;
        if (route_ == Route::inline_offer && order_.whole) {
            blob = *order_.whole;
        } else if (route_ == Route::inline_offer) {
            auto read = [file = order_.file, size = order_.offer.size]() -> Result<Bytes> {
                Bytes bytes(static_cast<std::size_t>(size));
                auto const got = read_at(file->get(), bytes, 0);
                if (!got) return fail(got.error());
                if (*got != size) return fail(Fault::io, "the blob's file is shorter than it was");
                return bytes;
            };
            Result<Bytes> bytes = co_await workers_.await(std::move(read));
            if (!bytes) co_return fail(bytes.error());
            blob = std::move(*bytes);
        }
        co_return co_await client_.offer(peer_, order_.offer, std::move(blob));
    }

    /// What is wanted now: what is between is there in whole pieces.
    Result<std::vector<Gap>> gaps_in(OfferProgress const& wanted) const {
        std::uint64_t const size = order_.offer.size;
        // Whole, but not settled: the last byte again, so that it is.
        std::vector<Gap> gaps{{std::min(wanted.have, size - 1), wanted.until.value_or(size)}};
        gaps.insert(gaps.end(), wanted.more.begin(), wanted.more.end());
        std::uint64_t const piece = piece_length_for(size);
        bool possible = true;
        for (std::size_t i = 0; i < gaps.size(); ++i) {
            bool const last = i + 1 == gaps.size();
            bool const ends = gaps[i].end % piece == 0 || (last && gaps[i].end == size);
            bool const begins =
                i == 0 || (gaps[i].first % piece == 0 && gaps[i].first > gaps[i - 1].end);
            possible =
                possible && begins && ends && gaps[i].first < gaps[i].end && gaps[i].end <= size;
        }
        bool const lacks = !wanted.until || (*wanted.until > wanted.have && *wanted.until < size);
        if (possible && lacks) return gaps;
        return fail(Fault::corrupt, "the node says that it has what no blob has");
    }

    asio::awaitable<Result<IntakeAnswer>> send_what_lacks(OfferProgress wanted) {
        if (!order_.file) co_return fail(Fault::not_found, "bytes are wanted that are not at hand");
        if (!order_.layer.empty() && !layer_known_) {
            Result<IntakeAnswer> answer =
                co_await client_.put_layer(peer_, order_.offer.content_id, order_.layer);
            if (!answer) co_return answer;
            auto const* const progress = std::get_if<OfferProgress>(&*answer);
            if (progress == nullptr) co_return answer;
            layer_known_ = true;
            wanted = *progress;
        }
        auto gaps = gaps_in(wanted);
        if (!gaps) {
            went_masked_ = false;  // that was no word on bytes
            co_return fail(gaps.error());
        }
        ControlClient::BlobPut put;
        put.id = order_.offer.content_id;
        put.file = order_.file;
        put.from = gaps->front().first;
        put.end = gaps->front().end;
        // The others may have to wait: what came between was wrong.
        sent_to_ = put.end;
        put.more.assign(gaps->begin() + 1, gaps->end());
        put.size = order_.offer.size;
        put.masked = went_masked_ = masked_;
        put.progress = order_.progress;
        Result<IntakeAnswer> answer = co_await client_.put_blob(peer_, std::move(put));
        // A receiver that started anew has forgotten the layer.
        if (!answer) layer_known_ = false;
        co_return answer;
    }

    /// Another offer brings the same bytes: its success is ours, its failure our turn.
    asio::awaitable<Result<IntakeAnswer>> wait_for_twin() {
        auto deadline = std::chrono::steady_clock::now() + twin_patience;
        std::uint64_t have = 0;
        while (std::chrono::steady_clock::now() < deadline) {
            co_await pause(ask_again);
            Result<IntakeAnswer> answer = co_await client_.offer(peer_, order_.offer, std::nullopt);
            if (!answer) co_return answer;
            auto const* const progress = std::get_if<OfferProgress>(&*answer);
            if (progress == nullptr || progress->action != OfferAction::wait) co_return answer;
            if (progress->have < have + twin_moves_bytes) continue;
            deadline = std::chrono::steady_clock::now() + twin_patience;
            have = progress->have;
        }
        co_return fail(Fault::timed_out,
                       "the same blob is arriving from elsewhere, and does not come");
    }

    ControlClient& client_;
    WorkerPool& workers_;
    DeliveryOrder order_;
    Peer peer_;
    Route route_ = Route::direct;
    bool accepted_ = false;
    bool layer_known_ = false;
    bool masked_ = true;  ///< what is sent goes beside TLS
    /// What the other side complains of may have gone so, now or from a process that was killed.
    bool went_masked_ = true;
    std::uint64_t seen_ = 0;
    std::optional<std::uint64_t> seen_at_break_;
    std::uint64_t sent_to_ = 0;
    unsigned in_vain_ = 0;
    bool renewed_ = false;
    std::chrono::steady_clock::time_point give_up_;
    std::chrono::milliseconds pause_{};
};

}  // namespace

asio::awaitable<Status> send_ahead(ControlClient& client, AheadOrder order) {
    Peer const peer{order.draft.recipient_node, order.endpoints};
    Result<IntakeAnswer> answer = co_await client.offer(peer, order.draft, std::nullopt);
    if (!answer) co_return fail(answer.error());
    auto const* const progress = std::get_if<OfferProgress>(&*answer);
    bool const taken = progress != nullptr && progress->action == OfferAction::put &&
                       progress->have <= order.blob->bytes();
    if (!taken) co_return fail(Fault::refused, "the node does not take bytes before their name");
    bool const may_be_closed = order.was_named && progress->have == 0;
    if (progress->have == order.blob->bytes() || may_be_closed) {
        order.blob->release(order.blob->bytes());
        co_return Status();
    }
    ControlClient::BlobPut put;
    put.id = order.draft.content_id;
    put.from = progress->have;  // of a sender that was killed something is there
    put.size = order.blob->bytes();
    put.progress = std::move(order.progress);
    put.growth = order.blob;
    answer = co_await client.put_blob(peer, std::move(put));
    if (!answer) co_return fail(answer.error());
    auto const* const now = std::get_if<OfferProgress>(&*answer);
    bool const whole = now != nullptr && now->have == order.blob->bytes();
    if (!whole)
        co_return fail(Fault::corrupt, "the node does not say that it has what it was sent");
    co_return Status();
}

asio::awaitable<Result<Delivered>> deliver(ControlClient& client, WorkerPool& workers,
                                           DeliveryOrder order) {
    Delivery delivery(client, workers, std::move(order));
    Result<Delivered> delivered = co_await delivery.run();
    co_return delivered;
}

}  // namespace satchel::transfer
