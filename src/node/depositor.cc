#include "src/node/depositor.h"

#include <algorithm>

#include "src/core/limits.h"
#include "src/node/content_reader.h"
#include "transfer/age_file.h"
#include "transfer/age_grant.h"
#include "transfer/delivery.h"

namespace satchel::node {

namespace {

constexpr std::size_t recipients_at_once = 8;

Result<transfer::OutgoingBlob> encrypt(UniqueFd file, mailgw::AttachmentSource const& source,
                                       std::filesystem::path const& outbox,
                                       Randomness& randomness) {
    ContentReader reader(std::move(file), source);
    return transfer::make_outgoing_blob(
        [&reader](std::span<Byte> buffer) { return reader.read(buffer); }, outbox, randomness);
}

}  // namespace

struct Depositor::Job {
    DepositRequest request;
    TrustView trust;
    DepositProgress progress;
    transfer::OutgoingBlob blob;
    std::shared_ptr<UniqueFd> file;
    mailgw::Deposit deposit;
    std::size_t next = 0;                        ///< recipient to be served next
    std::size_t running = 0;                     ///< serving coroutines
    std::map<std::size_t, std::uint64_t> moved;  ///< bytes, by recipient
    asio::steady_timer all_done;
};

Result<Offer> Depositor::make_offer(Job const& job, LookupReport const& report,
                                    NodeReport const& node, Bytes const& grant) const {
    std::array<AgeRecipient, 1> const recipients{*report.age_recipient};
    auto label =
        transfer::encrypt_age(recipients, encode_label(job.request.label), world_.randomness);
    if (!label) return fail(label.error());
    Offer draft;
    draft.id.bytes = world_.randomness.array<16>();
    draft.content_id = job.blob.id;
    draft.size = job.blob.blob_bytes;
    draft.sender = job.request.sender;
    draft.recipient = address_tag(report.storage_address);
    draft.grant = grant;
    draft.label = std::move(*label);
    draft.recipient_node = node.node_key;
    draft.sender_node = world_.identity.node_public();
    draft.expires = world_.clock.unix_seconds() + limits::offer_lifetime_seconds;
    if (auto const sender = Address::parse(job.request.sender)) {
        draft.sender_binding = world_.publisher.binding_of(*sender);
    }
    // A bound user speaks with their own key; otherwise this node speaks, as a gateway that its
    // domain may vouch for.
    bool const as_user = draft.sender_binding.has_value();
    return sign_offer(std::move(draft),
                      as_user ? world_.identity.user_key : world_.identity.node_key);
}

asio::awaitable<Status> Depositor::bring(Job& job, Address const& address,
                                         mailgw::DepositOutcome& outcome) {
    auto trust_for = [&job](Address const& asked) { return job.trust.inputs_for(asked); };
    location::ResolveOptions options;
    options.ping = false;  // the delivery itself tells
    LookupReport const report =
        co_await world_.resolver.resolve(address, std::move(trust_for), options);
    if (!report.available || !report.age_recipient)
        co_return fail(Fault::unavailable, report.reason);
    if (report.accept.max_bytes != 0 && job.blob.blob_bytes > report.accept.max_bytes) {
        co_return fail(Fault::too_large, "larger than the recipient's storage takes");
    }
    auto grant = transfer::make_grant(job.blob.key, *report.age_recipient, world_.randomness);
    if (!grant) co_return fail(grant.error());
    Error last{Fault::unavailable, "no node of the recipient is available"};
    for (NodeReport const& node : report.nodes) {
        if (!node.available) continue;
        auto offer = make_offer(job, report, node, *grant);
        if (!offer) co_return fail(offer.error());
        world_.outgoing.add({*offer, job.file, job.blob.blob_bytes, job.blob.layer});
        std::size_t const index = static_cast<std::size_t>(&outcome - job.deposit.outcomes.data());
        transfer::DeliveryOrder order{
            .offer = *offer,
            .endpoints = node.endpoints,
            .file = job.file,
            .layer = job.blob.layer,
            .progress = [&job, index](std::uint64_t done) {
                job.moved[index] = done;
                std::uint64_t all = 0;
                for (auto const& [who, bytes] : job.moved)
                    all += bytes;
                if (job.progress) {
                    job.progress(all, job.blob.blob_bytes * job.deposit.outcomes.size());
                }
            }};
        auto const delivered =
            co_await transfer::deliver(world_.client, world_.workers, std::move(order));
        world_.outgoing.remove(offer->id);
        if (!delivered) {
            last = delivered.error();
            continue;
        }
        sent_bytes_ += job.blob.blob_bytes;
        outcome.stored = true;
        outcome.grant = *grant;
        outcome.receipt = encode_receipt(delivered->receipt);
        outcome.route = to_string(delivered->route);
        world_.log.info("delivered", {{"recipient", outcome.recipient.text()},
                                      {"content", job.blob.id.short_form()},
                                      {"bytes", std::to_string(job.blob.blob_bytes)},
                                      {"route", outcome.route},
                                      {"node", node.node_key.short_form()}});
        if (job.request.restore.empty()) co_return Status();
        std::array<AgeRecipient, 1> const recipients{*report.age_recipient};
        auto sealed = transfer::encrypt_age(recipients, job.request.restore, world_.randomness);
        if (!sealed) co_return fail(sealed.error());
        outcome.sealed_restore = std::move(*sealed);
        co_return Status();
    }
    co_return fail(std::move(last));
}

asio::awaitable<void> Depositor::serve(std::shared_ptr<Job> job) {
    while (job->next < job->deposit.outcomes.size()) {
        mailgw::DepositOutcome& outcome = job->deposit.outcomes[job->next++];
        auto const brought = co_await bring(*job, outcome.recipient, outcome);
        if (brought) continue;
        outcome.stored = false;
        outcome.reason = brought.error().what;
        world_.log.warning("not_delivered", {{"recipient", outcome.recipient.text()},
                                             {"content", job->deposit.content_id.short_form()},
                                             {"reason", outcome.reason}});
    }
    if (--job->running == 0) job->all_done.cancel();
}

asio::awaitable<Result<mailgw::Deposit>> Depositor::deposit(UniqueFd file, DepositRequest request,
                                                            TrustView trust,
                                                            DepositProgress progress) {
    auto shared_file = std::make_shared<UniqueFd>(std::move(file));
    auto work = [shared_file, source = request.source, outbox = world_.outbox,
                 &randomness = world_.randomness]() mutable {
        return encrypt(std::move(*shared_file), source, outbox, randomness);
    };
    auto blob = co_await world_.workers.await(std::move(work));
    if (!blob) co_return fail(blob.error());
    if (!request.label_is_final) {
        request.label.bytes = blob->content_bytes;
        request.label.sha256 = blob->content_sha256;
    }
    auto blob_file = std::make_shared<UniqueFd>(std::move(blob->file));
    std::shared_ptr<Job> const job(new Job{.request = std::move(request),
                                           .trust = std::move(trust),
                                           .progress = std::move(progress),
                                           .blob = std::move(*blob),
                                           .file = std::move(blob_file),
                                           .deposit = {},
                                           .moved = {},
                                           .all_done = asio::steady_timer(world_.owner)});
    job->deposit.content_id = job->blob.id;
    job->deposit.blob_bytes = job->blob.blob_bytes;
    for (Address const& recipient : job->request.recipients) {
        job->deposit.outcomes.push_back({.recipient = recipient,
                                         .ticket = {},
                                         .reason = {},
                                         .grant = {},
                                         .sealed_restore = {},
                                         .receipt = {},
                                         .route = {}});
    }
    job->running = std::min(recipients_at_once, job->deposit.outcomes.size());
    job->all_done.expires_at(asio::steady_timer::time_point::max());
    for (std::size_t i = job->running; i > 0; --i) {
        asio::co_spawn(
            world_.owner, [this, job] { return serve(job); }, asio::detached);
    }
    boost::system::error_code ignored;
    if (job->running > 0) {
        co_await job->all_done.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    co_return std::move(job->deposit);
}

}  // namespace satchel::node
