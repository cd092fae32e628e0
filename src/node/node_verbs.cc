#include "src/node/node_verbs.h"

#include <algorithm>
#include <chrono>
#include <set>

#include <unistd.h>

#include "src/base/base64.h"
#include "src/base/hex.h"
#include "src/core/limits.h"
#include "src/core/reference.h"
#include "src/node/json_values.h"
#include "transfer/age_file.h"

namespace satchel::node {

namespace {

constexpr auto joining_patience = std::chrono::seconds(5);
constexpr std::size_t introducing_most = 3;  // domains, of which DNS is asked one after the other
constexpr std::size_t listed_at_once = 500;
constexpr std::uint64_t listed_after_max = 1ULL << 62U;  // within what SQLite counts to

/// A line of `ls`. The label is its sender's word; who is verified was attested for.
Json listed(CatalogueEntry const& entry) {
    return {{"content_id", entry.id.to_hex()},
            {"bytes", entry.bytes},
            {"from", entry.sender},
            {"verified", entry.verified},
            {"stored", entry.stored},
            {"name", entry.name},
            {"sha256", entry.sha256 ? Json(to_hex(*entry.sha256)) : Json()},
            {"own", entry.own}};
}

}  // namespace

asio::awaitable<Result<Json>> NodeVerbs::answer(LocalCall& call) {
    std::string const& verb = call.request.verb;
    if (verb == "lookup") co_return co_await lookup(call);
    if (verb == "publish") co_return co_await publish(call);
    if (verb == "unpublish") co_return co_await unpublish(call);
    if (verb == "enroll") co_return co_await enroll(call);
    if (verb == "revoke") co_return co_await revoke(call);
    if (verb == "push") co_return co_await push(call);
    if (verb == "deposit") co_return co_await deposit(call);
    if (verb == "get") co_return co_await get(call);
    if (verb == "open_restore") co_return co_await open_restore(call);
    if (verb == "describe") co_return co_await describe(call);
    if (verb == "ls") co_return co_await ls(call);
    if (verb == "rm") co_return co_await rm(call);
    if (verb == "status") co_return co_await status(call);
    if (verb == "open_page" && open_page_) co_return co_await open_page_(call);
    if (verb == "open_page")
        co_return fail(Fault::unavailable,
                       "this node serves no page: see web.listen in satchel.toml, and its log");
    if (verb == "doctor") co_return co_await examine(call);
    if (verb == "escrow_look") co_return co_await escrow_look(call);
    if (verb == "escrow_hurry") co_return co_await escrow_hurry(call);
    if (verb == "escrow_release") co_return co_await escrow_release(call);
    co_return fail(Fault::usage,
                   "this node does not know the verb " + verb + "; is it of another version?");
}

Result<Address> NodeVerbs::own_address(std::string const& text) const {
    auto const& own = world_.identity.addresses;
    if (text.empty()) {
        if (own.empty())
            return fail(Fault::usage,
                        "this home has no address; `satchel init --address …` gives it one");
        return own.front();
    }
    auto address = Address::parse(text);
    if (!address) return address;
    if (std::find(own.begin(), own.end(), *address) == own.end()) {
        return fail(Fault::usage,
                    address->text() + " is not an address of this home; see `satchel id`");
    }
    return address;
}

asio::awaitable<void> NodeVerbs::wait_for_neighbours(std::vector<Address> looked_up) {
    bool const knows_nobody =
        world_.config.node.dht_bootstrap.empty() && world_.location.stats().known_nodes == 0;
    auto const asked = knows_nobody ? std::min(looked_up.size(), introducing_most) : 0;
    for (std::size_t i = 0; i < asked; ++i)
        if (!looked_up[i].is_literal())
            co_await world_.introduction.introduce(looked_up[i].domain());
    asio::steady_timer timer(world_.owner);
    auto const deadline = std::chrono::steady_clock::now() + joining_patience;
    auto const may_come = [this] {
        return !world_.config.node.dht_bootstrap.empty() ||
               world_.introduction.expects_neighbours();
    };
    while (may_come() && world_.location.stats().good_nodes == 0 &&
           std::chrono::steady_clock::now() < deadline) {
        boost::system::error_code ignored;
        timer.expires_after(std::chrono::milliseconds(20));
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

asio::awaitable<Result<Json>> NodeVerbs::lookup(LocalCall& call) {
    auto const text = text_at(call.request.args, "address");
    auto const ping = flag_at(call.request.args, "ping");
    if (!text || !ping) co_return fail(Fault::usage, "lookup: address and ping");
    auto const address = Address::parse(*text);
    if (!address) co_return fail(address.error());
    auto const trust = world_.trust.view(call.request.settings);
    if (!trust) co_return fail(trust.error());
    std::vector<Address> const looked_up(1, *address);
    co_await wait_for_neighbours(looked_up);
    location::TrustFor trust_for = [&trust](Address asked) {
        return trust->inputs_for(std::move(asked));
    };
    location::ResolveOptions options;
    options.ping = *ping;
    LookupReport const report =
        co_await world_.resolver.resolve(*address, std::move(trust_for), options);
    co_return json_of(report);
}

namespace {

Json pushed(mailgw::DepositOutcome const& outcome) {
    Json entry{{"address", outcome.recipient.text()},
               {"route", outcome.route},
               {"receipt", base64_or_null(outcome.receipt)}};
    if (!outcome.stored) entry["reason"] = outcome.reason;
    return entry;
}

}  // namespace

asio::awaitable<Result<Json>> NodeVerbs::push(LocalCall& call) {
    auto const name = text_at(call.request.args, "name");
    auto const bytes = number_at(call.request.args, "bytes");
    auto const recipients = texts_at(call.request.args, "recipients");
    if (!name || !bytes || !recipients || call.files.size() != 1) {
        co_return fail(Fault::usage, "push: name, bytes, recipients, and the file");
    }
    auto trust = world_.trust.view(call.request.settings);
    if (!trust) co_return fail(trust.error());
    DepositRequest request;
    request.source.end = *bytes;
    request.label.name = *name;
    request.label.type = "application/octet-stream";
    request.label_is_final = false;
    if (!world_.identity.addresses.empty())
        request.sender = world_.identity.addresses.front().text();
    request.label.sender = request.sender;
    for (std::string const& text : *recipients) {
        auto address = Address::parse(text);
        if (!address) co_return fail(address.error());
        request.recipients.push_back(std::move(*address));
    }
    co_await wait_for_neighbours(request.recipients);
    auto const start = std::chrono::steady_clock::now();
    DepositProgress progress = [&call](std::uint64_t done, std::uint64_t total) {
        call.progress({{"done", done}, {"total", total}});
    };
    DepositSettled settled = [&call](mailgw::DepositOutcome const& outcome) {
        call.progress({{"recipient", pushed(outcome)}});
    };
    auto const done = co_await world_.depositor.deposit(std::move(call.files.front()),
                                                        std::move(request), std::move(*trust),
                                                        std::move(progress), std::move(settled));
    if (!done) co_return fail(done.error());
    Json outcomes = Json::array();
    bool all = true;
    for (mailgw::DepositOutcome const& outcome : done->outcomes) {
        all = all && outcome.stored;
        outcomes.push_back(pushed(outcome));
    }
    double const seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    co_return Json{{"content_id", done->content_id.to_hex()},
                   {"bytes", *bytes},
                   {"blob_bytes", done->blob_bytes},
                   {"seconds", seconds},
                   {"recipients", outcomes},
                   {"delivered", all}};
}

asio::awaitable<Result<Json>> NodeVerbs::deposit(LocalCall& call) {
    Json const& args = call.request.args;
    auto const begin = number_at(args, "begin");
    auto const end = number_at(args, "end");
    auto const decoding = number_at(args, "decoding");
    auto label = file_label_of(args.value("label", Json()));
    auto restore = base64_at(args, "restore");
    auto const sender = text_at(args, "sender");
    auto const recipients = texts_at(args, "recipients");
    auto const may_escrow = flag_at(args, "may_escrow");
    if (!may_escrow || !begin || !end || *end < *begin || !decoding || *decoding > 2 || !label ||
        !restore || !sender || !recipients || call.files.size() != 1) {
        co_return fail(
            Fault::usage,
            "deposit: begin, end, decoding, label, restore, sender, recipients, may_escrow, and "
            "the file");
    }
    auto trust = world_.trust.view(call.request.settings);
    if (!trust) co_return fail(trust.error());
    DepositRequest request;
    request.source = {.fd = -1,
                      .begin = *begin,
                      .end = *end,
                      .decoding = static_cast<mailgw::AttachmentSource::Decoding>(*decoding)};
    request.label = std::move(*label);
    request.restore = std::move(*restore);
    request.sender = *sender;
    request.may_escrow = *may_escrow;
    for (std::string const& text : *recipients) {
        auto address = Address::parse(text);
        if (!address) co_return fail(address.error());
        request.recipients.push_back(std::move(*address));
    }
    auto const done = co_await world_.depositor.deposit(
        std::move(call.files.front()), std::move(request), std::move(*trust), nullptr);
    if (!done) co_return fail(done.error());
    Json outcomes = Json::array();
    for (mailgw::DepositOutcome const& outcome : done->outcomes) {
        outcomes.push_back({{"recipient", outcome.recipient.text()},
                            {"stored", outcome.stored},
                            {"ticket", outcome.ticket},
                            {"reason", outcome.reason},
                            {"grant", base64_or_null(outcome.grant)},
                            {"restore", base64_or_null(outcome.sealed_restore)},
                            {"receipt", base64_or_null(outcome.receipt)},
                            {"route", outcome.route}});
    }
    co_return Json{{"content_id", done->content_id.to_hex()},
                   {"blob_bytes", done->blob_bytes},
                   {"outcomes", outcomes}};
}

namespace {

bool may_be_damage(Error const& error) {
    return error.fault == Fault::corrupt || error.fault == Fault::not_found ||
           error.fault == Fault::io;
}

/// Some of a damaged copy may have been written.
Status begin_anew(UniqueFd const& file) {
    if (::ftruncate(file.get(), 0) == 0 && ::lseek(file.get(), 0, SEEK_SET) == 0) return {};
    return fail(Fault::unavailable,
                "the copy on this node was damaged, and is replaced by a good one now: ask again");
}

}  // namespace

asio::awaitable<Result<Json>> NodeVerbs::get(LocalCall& call) {
    auto const ref = text_at(call.request.args, "ref");
    if (!ref || call.files.size() != 1)
        co_return fail(Fault::usage, "get: ref, and the file to write to");
    auto const id = content_id_in(*ref);
    if (!id) co_return fail(id.error());
    auto grant = base64_at(call.request.args, "grant");
    if (!grant) co_return fail(grant.error());
    RetrieveOrder order{.content_id = *id,
                        .grant = std::nullopt,
                        .as_held = flag_at(call.request.args, "as_held").value_or(false)};
    if (!grant->empty()) order.grant = std::move(*grant);
    Retriever::Progress progress = [&call](std::uint64_t done, std::uint64_t total) {
        call.progress({{"done", done}, {"total", total}});
    };
    auto fetched = co_await world_.sources.bring_here(order.content_id, progress);
    if (!fetched) co_return fail(fetched.error());
    auto again = call.files.front().duplicate();
    if (!again) co_return fail(again.error());
    auto got = co_await world_.retriever.retrieve(order, std::move(call.files.front()), progress);
    if (!got && fetched->empty() && may_be_damage(got.error())) {
        fetched = co_await world_.sources.replace_damaged(*id, progress);
        if (!fetched) co_return fail(fetched.error());
        if (!fetched->empty()) {
            if (auto empty = begin_anew(*again); !empty) co_return fail(empty.error());
            got = co_await world_.retriever.retrieve(order, std::move(*again), progress);
        }
    }
    if (!got) co_return fail(got.error());
    co_return Json{{"content_id", got->content_id.to_hex()},
                   {"bytes", got->bytes},
                   {"sha256", to_hex(got->sha256)},
                   {"name", got->name},
                   {"source", fetched->empty() ? got->source : *fetched}};
}

asio::awaitable<Result<Json>> NodeVerbs::open_restore(LocalCall& call) {
    auto const sealed = base64_at(call.request.args, "restore");
    if (!sealed) co_return fail(sealed.error());
    auto const opened = transfer::decrypt_age(world_.identity.age, *sealed, limits::restore_bytes);
    if (!opened) co_return fail(opened.error());
    co_return Json{{"restore", base64_or_null(*opened)}};
}

asio::awaitable<Result<Json>> NodeVerbs::describe(LocalCall& call) {
    auto const ref = text_at(call.request.args, "ref");
    if (!ref) co_return fail(ref.error());
    auto const id = content_id_in(*ref);
    if (!id) co_return fail(id.error());
    auto look = [this, id = *id]() -> Result<std::optional<FileLabel>> {
        auto const held = world_.store.find_listed(id);
        if (!held) return fail(held.error());
        if (!*held) return fail(Fault::not_found, id.short_form() + "… is not stored here");
        return world_.retriever.label_of(**held);
    };
    auto const label = co_await world_.workers.await(std::move(look));
    if (!label) co_return fail(label.error());
    co_return Json{{"content_id", id->to_hex()}, {"name", *label ? (*label)->name : ""}};
}

/// Some at a time, so that neither the node nor who asks holds all of 100,000. `next`: what to ask
/// for after these; null at the end.
asio::awaitable<Result<Json>> NodeVerbs::ls(LocalCall& call) {
    auto const after = number_at(call.request.args, "after");
    if (!after || *after > listed_after_max) co_return fail(Fault::usage, "ls: after");
    auto const names = world_.names();
    if (!names) co_return fail(names.error());
    auto look = [names = *names, after = *after] {
        return names->list_arrived_after(after, listed_at_once);
    };
    auto const some = co_await world_.workers.await(std::move(look));
    if (!some) co_return fail(some.error());
    Json blobs = Json::array();
    for (CatalogueEntry const& entry : some->entries)
        blobs.push_back(listed(entry));
    Json const next = some->entries.size() < listed_at_once ? Json() : Json(some->last);
    co_return Json{{"blobs", std::move(blobs)}, {"next", next}};
}

asio::awaitable<Result<Json>> NodeVerbs::rm(LocalCall& call) {
    auto const ref = text_at(call.request.args, "ref");
    if (!ref) co_return fail(ref.error());
    auto const id = content_id_in(*ref);
    if (!id) co_return fail(id.error());
    auto release = [this, id = *id]() -> Result<bool> {
        bool released = false;
        for (Address const& address : world_.identity.addresses) {
            auto const gone = world_.store.release(id, address_tag(address));
            if (!gone) return fail(gone.error());
            released = released || *gone;
        }
        return released;
    };
    auto const released = co_await world_.workers.await(std::move(release));
    if (!released) co_return fail(released.error());
    if (!*released) co_return fail(Fault::not_found, id->short_form() + "… is not stored here");
    co_return Json{{"content_id", id->to_hex()}};
}

namespace {

Json swarm_status(SwarmStation const* station) {
    if (station == nullptr) return nullptr;
    auto const traffic = station->swarm().traffic();
    return {{"listening", station->where()},
            {"process", station->swarm().pid()},
            {"peers", traffic.peers},
            {"sent_bytes", traffic.sent},
            {"received_bytes", traffic.received}};
}

}  // namespace

asio::awaitable<Result<Json>> NodeVerbs::status(LocalCall&) {
    auto look = [this] { return world_.store.usage(); };
    auto const usage = co_await world_.workers.await(std::move(look));
    if (!usage) co_return fail(usage.error());
    auto const dht = world_.location.stats();
    Json published = Json::array();
    for (Publication const& publication : world_.publisher.published()) {
        published.push_back(publication.address.text());
    }
    co_return Json{{"node_key", world_.identity.node_public().to_base64()},
                   {"endpoints", world_.endpoints},
                   {"uploaded_bytes", world_.carrier.sent_bytes()},
                   {"downloaded_bytes", world_.host.received_bytes()},
                   {"peers", dht.good_nodes},
                   {"quota",
                    {{"used", usage->held_bytes},
                     {"reserved", usage->reserved_bytes},
                     {"total", world_.config.node.quota},
                     {"blobs", usage->blobs}}},
                   {"dht",
                    {{"good_nodes", dht.good_nodes},
                     {"known_nodes", dht.known_nodes},
                     {"stored_records", dht.stored_values},
                     {"joined", dht.joined}}},
                   {"swarm", swarm_status(world_.carrier.swarm())},
                   {"escrow",
                    {{"tickets", world_.escrow ? world_.escrow->waiting_tickets() : 0},
                     {"bytes", world_.escrow ? world_.escrow->waiting_bytes() : 0}}},
                   {"published", published}};
}

}  // namespace satchel::node
