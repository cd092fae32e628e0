#include "transfer/delivery.h"

namespace satchel::transfer {

namespace {

constexpr int attempts = 4;  // connections that may break under one delivery
constexpr auto ask_again = std::chrono::milliseconds(250);
constexpr auto wait_for_twin =
    std::chrono::seconds(60);  // the same blob is arriving by another offer

Result<Delivered> checked(Receipt const& receipt, Offer const& offer, Route route) {
    if (receipt.node != offer.recipient_node || !receipt_holds(receipt, offer)) {
        return fail(Fault::untrusted, "the storage node's receipt is not for this offer");
    }
    return Delivered{receipt, route};
}

class Delivery {
public:
    Delivery(ControlClient& client, WorkerPool& workers, DeliveryOrder& order)
        : client_(client)
        , workers_(workers)
        , order_(order)
        , peer_{order.offer.recipient_node, order.endpoints} {}

    asio::awaitable<Result<IntakeAnswer>> make_offer(Route route) {
        std::optional<Bytes> blob;
        if (route == Route::inline_offer) {
            auto read = [file = order_.file, size = order_.offer.size]() -> Result<Bytes> {
                Bytes bytes(static_cast<std::size_t>(size));
                auto const got = read_at(file->get(), bytes, 0);
                if (!got) return fail(got.error());
                if (*got != size) return fail(Fault::io, "the blob's file is shorter than it was");
                return bytes;
            };
            auto bytes = co_await workers_.await(std::move(read));
            if (!bytes) co_return fail(bytes.error());
            blob = std::move(*bytes);
        }
        co_return co_await client_.offer(peer_, order_.offer, std::move(blob));
    }

    asio::awaitable<Result<IntakeAnswer>> send_from(std::uint64_t have) {
        if (!order_.layer.empty() && have == 0) {
            auto answer = co_await client_.put_layer(peer_, order_.offer.content_id, order_.layer);
            if (!answer) co_return answer;
            auto const* const progress = std::get_if<OfferProgress>(&*answer);
            if (progress == nullptr) co_return answer;
            have = progress->have;
        }
        if (have >= order_.offer.size) have = 0;  // nothing that is whole asks for more
        ControlClient::BlobPut put;
        put.id = order_.offer.content_id;
        put.file = order_.file;
        put.from = have;
        put.size = order_.offer.size;
        put.progress = order_.progress;
        co_return co_await client_.put_blob(peer_, std::move(put));
    }

    /// Another sender brings the same bytes: its success is ours, its failure our turn.
    asio::awaitable<Result<IntakeAnswer>> wait() {
        asio::steady_timer timer(co_await asio::this_coro::executor);
        auto const deadline = std::chrono::steady_clock::now() + wait_for_twin;
        while (std::chrono::steady_clock::now() < deadline) {
            boost::system::error_code ignored;
            timer.expires_after(ask_again);
            co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            auto answer = co_await client_.offer(peer_, order_.offer, std::nullopt);
            if (!answer) co_return answer;
            auto const* const progress = std::get_if<OfferProgress>(&*answer);
            if (progress == nullptr || progress->action != OfferAction::wait) co_return answer;
        }
        co_return fail(Fault::timed_out,
                       "the same blob is arriving from elsewhere, and does not come");
    }

private:
    ControlClient& client_;
    WorkerPool& workers_;
    DeliveryOrder& order_;
    Peer peer_;
};

}  // namespace

asio::awaitable<Result<Delivered>> deliver(ControlClient& client, WorkerPool& workers,
                                           DeliveryOrder order) {
    RouteFacts facts;
    facts.size = order.offer.size;
    Route const route = choose_route(facts);
    Delivery delivery(client, workers, order);
    Error last{Fault::unavailable, "the node did not take the blob"};
    for (int attempt = 0; attempt < attempts; ++attempt) {
        auto answer = co_await delivery.make_offer(route);
        for (int step = 0; answer && step < 3; ++step) {
            if (auto const* const receipt = std::get_if<Receipt>(&*answer)) {
                co_return checked(*receipt, order.offer, route);
            }
            OfferProgress const progress = std::get<OfferProgress>(*answer);
            if (progress.action == OfferAction::wait) {
                answer = co_await delivery.wait();
            } else if (progress.action == OfferAction::put) {
                answer = co_await delivery.send_from(progress.have);
            } else {
                answer = fail(Fault::corrupt, "the node asks for a route that was not offered");
            }
        }
        if (!answer) {
            last = answer.error();
            bool const broken = last.fault == Fault::unavailable || last.fault == Fault::timed_out;
            if (!broken) break;
        }
    }
    co_return fail(std::move(last));
}

}  // namespace satchel::transfer
