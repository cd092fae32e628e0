#include "src/node/blob_fetcher.h"

#include <algorithm>
#include <optional>

#include "dht/wake_up.h"
#include "src/node/joint_fetch.h"

namespace satchel::node {

namespace {

using namespace std::chrono_literals;

constexpr auto answer_patience = 5s;
constexpr auto arrival_patience = 60s;
constexpr auto look_again_after = 100ms;
constexpr std::size_t joint_most = 4;
constexpr std::uint64_t came_before_a_pause = 16 * 1024;  ///< bytes: less is trickling

}  // namespace

asio::awaitable<Result<BlobHolder>> BlobFetcher::find(transfer::Peer peer, ContentId id) {
    auto const waiting = co_await ask(peer, id);
    if (!waiting) co_return fail(waiting.error());
    auto const offer = std::find_if(waiting->begin(), waiting->end(),
                                    [&](Offer const& one) { return one.content_id == id; });
    if (offer == waiting->end())
        co_return fail(Fault::not_found, id.short_form() + "… is not there");
    co_return BlobHolder{std::move(peer), *offer, offer->sender};
}

/// One that is silent must not keep us from asking the next.
asio::awaitable<Result<std::vector<Offer>>> BlobFetcher::ask(transfer::Peer peer, ContentId id) {
    struct Question {
        explicit Question(asio::io_context& owner)
            : wake(owner.get_executor()) {}

        location::WakeUp wake;
        std::optional<Result<std::vector<Offer>>> answer;
    };

    auto const question = std::make_shared<Question>(world_.owner);
    asio::co_spawn(
        world_.owner,
        [this, question, peer, id]() -> asio::awaitable<void> {
            question->answer = co_await world_.client.ask_waiting(peer, id);
            question->wake.notify();
        },
        asio::detached);
    auto const until = std::chrono::steady_clock::now() + answer_patience;
    while (!question->answer && std::chrono::steady_clock::now() < until)
        co_await question->wake.wait_until(until);
    if (question->answer) co_return std::move(*question->answer);
    co_return fail(Fault::timed_out, "no answer within 5 s");
}

asio::awaitable<bool> BlobFetcher::is_here(ContentId id) {
    auto look = [this, id]() -> bool {
        auto const held = world_.store.find(id);
        return held && held->has_value();
    };
    co_return co_await world_.workers.await(std::move(look));
}

asio::awaitable<Status> BlobFetcher::fetch(BlobHolder holder,
                                           std::shared_ptr<transfer::BlobUpload> into,
                                           Progress progress, std::vector<BlobHolder> others) {
    std::uint64_t const size = holder.offer.size;
    if (!others.empty() && size >= joint_bytes_min && joint_ < joint_most) {
        others.insert(others.begin(), holder);
        others.resize(std::min(others.size(), joint_sources_max), holder);
        ++joint_;
        Status const fetched =
            co_await fetch_jointly(world_.owner, world_.client, std::move(others), into, progress);
        --joint_;
        co_return fetched;
    }
    transfer::ControlClient::BlobFetch fetch;
    fetch.id = holder.offer.content_id;
    fetch.size = size;
    fetch.into = std::move(into);
    fetch.progress = [progress = std::move(progress), size](std::uint64_t done) {
        if (progress) progress(done, size);
    };
    // The only one that has it may pause, as long as something comes: coming back later would begin
    // the piece anew, which a slow one may never bring to its end.
    for (;;) {
        std::uint64_t const before = fetch.into->offset();
        Status const fetched = co_await world_.client.fetch_blob(holder.peer, fetch);
        bool const paused = !fetched && fetched.error().fault == Fault::timed_out && others.empty();
        if (!paused || fetch.into->offset() < before + came_before_a_pause) co_return fetched;
    }
}

asio::awaitable<Status> BlobFetcher::take(BlobHolder holder, Progress progress,
                                          std::vector<BlobHolder> others) {
    Offer const& offer = holder.offer;
    std::string const& account = holder.account;
    auto begin = [this, offer, account] {
        return world_.store.receive(offer.content_id, offer.size, account);
    };
    transfer::Holding holding;
    holding.recipient = offer.recipient;
    holding.sender = account;
    holding.offer = offer.id;
    holding.grant = offer.grant;
    holding.label = offer.label;
    holding.stored = world_.clock.unix_seconds();
    auto upload = co_await world_.workers.await(std::move(begin));
    if (!upload) {
        // It is arriving otherwise already, or has arrived.
        bool const coming =
            upload.error().fault == Fault::unavailable || upload.error().fault == Fault::refused;
        if (!coming) co_return fail(upload.error());
        Status const arrived = co_await await_arrival(offer.content_id);
        if (!arrived) co_return arrived;
        auto hold = [this, id = offer.content_id, holding] {
            return world_.store.hold(id, holding);
        };
        co_return co_await world_.workers.await(std::move(hold));
    }
    std::shared_ptr<transfer::BlobUpload> const into(std::move(*upload));
    Status const fetched = co_await fetch(holder, into, std::move(progress), std::move(others));
    if (!fetched) co_return fetched;
    auto finish = [into, holding] { return into->finish(holding); };
    co_return co_await world_.workers.await(std::move(finish));
}

asio::awaitable<Status> BlobFetcher::await_arrival(ContentId id) {
    asio::steady_timer timer(world_.owner);
    auto const deadline = std::chrono::steady_clock::now() + arrival_patience;
    boost::system::error_code ignored;
    while (std::chrono::steady_clock::now() < deadline) {
        bool const arrived = co_await is_here(id);
        if (arrived) co_return Status();
        timer.expires_after(look_again_after);
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    co_return fail(Fault::timed_out, id.short_form() + "… is on its way here; try again");
}

}  // namespace satchel::node
