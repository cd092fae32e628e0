#include "src/node/page_verbs.h"

#include <algorithm>

#include "src/core/file_label.h"
#include "src/core/limits.h"
#include "src/core/reference.h"
#include "src/node/json_values.h"
#include "src/node/label_opener.h"
#include "src/node/local_api_client.h"
#include "src/node/own_program.h"

namespace satchel::node {

namespace {

constexpr std::uint64_t rows_max = 500;
constexpr std::uint64_t from_max = 1ULL << 40U;  // within what SQLite counts to
constexpr std::size_t words_octets_max = 200;
constexpr std::size_t senders_shown = 8;
constexpr auto mail_patience = std::chrono::minutes(30);

char const* place_of(CatalogueEntry const& entry) {
    if (!entry.elsewhere) return "here";
    return entry.elsewhere->kind == ElsewherePlace::Kind::own_node ? "own node" : "gateway";
}

Json json_of(CatalogueEntry const& entry) {
    return {{"content_id", entry.id.to_hex()},
            {"name", entry.name},
            {"type", entry.type},
            {"from", entry.sender},
            {"verified", entry.verified},
            {"subject", entry.subject},
            {"message_id", entry.message_id},
            {"readable", entry.readable},
            {"own", entry.own},
            {"recipient", entry.recipient},
            {"bytes", entry.bytes},
            {"blob_bytes", entry.blob_bytes},
            {"stored", entry.stored},
            {"place", place_of(entry)},
            {"place_name", entry.elsewhere ? entry.elsewhere->name : ""}};
}

Result<CatalogueQuery::Order> parse_order(std::string const& word) {
    if (word == "stored") return CatalogueQuery::Order::stored;
    if (word == "name") return CatalogueQuery::Order::name;
    if (word == "from") return CatalogueQuery::Order::sender;
    if (word == "subject") return CatalogueQuery::Order::subject;
    if (word == "bytes") return CatalogueQuery::Order::bytes;
    return fail(Fault::usage, "order: stored, name, from, subject or bytes");
}

Result<CatalogueQuery> query_of(Json const& args) {
    auto const words = text_at(args, "words");
    auto const order_word = text_at(args, "order");
    auto const descending = flag_at(args, "descending");
    auto const from = number_at(args, "from");
    auto const count = number_at(args, "count");
    if (!words || !order_word || !descending || !from || !count)
        return fail(Fault::usage, "attachments: words, order, descending, from, count");
    auto const order = parse_order(*order_word);
    if (!order) return fail(order.error());
    if (words->size() > words_octets_max) return fail(Fault::usage, "words: too long");
    return CatalogueQuery{.words = *words,
                          .order = *order,
                          .descending = *descending,
                          .from = std::min(*from, from_max),
                          .count = std::min(*count, rows_max)};
}

}  // namespace

LocalApiServer::Handler PageVerbs::handler_of(std::string const& verb) {
    if (verb == "attachments") return [this](LocalCall& call) { return attachments(call); };
    if (verb == "attachment") return [this](LocalCall& call) { return attachment(call); };
    if (verb == "pulse") return [this](LocalCall& call) { return pulse(call); };
    if (verb == "storage") return [this](LocalCall& call) { return storage(call); };
    if (verb == "receipts") return [this](LocalCall& call) { return receipts(call); };
    if (verb == "fetch") return [this](LocalCall& call) { return fetch(call); };
    if (verb == "mail") return [this](LocalCall& call) { return mail(call); };
    for (auto const& [ours, theirs] : {std::pair{"gateway_queue", "queue"},
                                       {"gateway_retry", "retry"},
                                       {"gateway_repair", "repair"}})
        if (verb == ours)
            return [this, word = std::string(theirs)](LocalCall& call) {
                return ask_gateway(call, word);
            };
    return {};
}

/// What an open page asks twice a second: never waits for the disk.
asio::awaitable<Result<Json>> PageVerbs::pulse(LocalCall&) {
    elsewhere_.look();
    CatalogueState const& state = cataloguer_.state();
    std::error_code ignored;
    co_return Json{{"revision", state.revision},
                   {"complete", state.complete},
                   {"looked_at", state.looked_at},
                   {"gateway", std::filesystem::exists(world_.home.gateway_socket(), ignored)},
                   {"transfers", transfers()}};
}

/// By the label of the offer that brings it; opened once.
std::string PageVerbs::name_of_arriving(ContentId const& id) {
    if (auto const known = arriving_names_.find(id); known != arriving_names_.end())
        return known->second;
    transfer::HeldBlob blob{id, 0, {}};
    for (transfer::KnownOffer const& known : world_.server.offers_of(id)) {
        transfer::Holding holding;
        holding.label = known.offer.label;
        blob.holdings.push_back(std::move(holding));
    }
    if (blob.holdings.empty()) return "";
    auto const label = label_for_owner(blob, world_.identity.age);
    return arriving_names_[id] = label ? safe_file_name(label->name) : "";
}

Json PageVerbs::transfers() {
    Json all = Json::array();
    auto const arriving = world_.store.arriving();
    if (arriving.empty()) arriving_names_.clear();
    for (transfer::ArrivingBlob const& one : arriving) {
        all.push_back({{"direction", "in"},
                       {"number", one.id.to_hex()},
                       {"name", name_of_arriving(one.id)},
                       {"peer", one.sender},
                       {"content_id", one.id.to_hex()},
                       {"bytes", one.size},
                       {"done", one.verified},
                       {"state", "moving"},
                       {"route", ""},
                       {"reason", ""}});
    }
    for (Transfer const& one : world_.transfers.all()) {
        all.push_back({{"direction", one.way == Transfer::Way::in ? "in" : "out"},
                       {"number", std::to_string(one.number)},
                       {"name", one.name},
                       {"peer", one.peer},
                       {"content_id", one.content_id.to_hex()},
                       {"bytes", one.bytes},
                       {"done", one.done},
                       {"state", to_string(one.state)},
                       {"route", one.route},
                       {"reason", one.reason},
                       {"begun", one.begun},
                       {"ended", one.ended}});
    }
    for (Escrow::Waiting const& one : world_.escrow.waiting()) {
        all.push_back({{"direction", "out"},
                       {"number", "w" + one.recipient.text()},
                       {"name", ""},
                       {"peer", one.recipient.text()},
                       {"content_id", ""},
                       {"bytes", one.bytes},
                       {"blobs", one.blobs},
                       {"done", 0},
                       {"state", "waiting"},
                       {"route", "escrow"},
                       {"reason", one.reason},
                       {"tries", one.tries},
                       {"next_try", one.next_try},
                       {"begun", one.since}});
    }
    return all;
}

asio::awaitable<Result<Json>> PageVerbs::storage(LocalCall&) {
    auto look = [this]() -> Result<Json> {
        auto const senders = cataloguer_.catalogue().use_by_sender(senders_shown);
        if (!senders) return fail(senders.error());
        auto const days = cataloguer_.catalogue().use_by_day();
        if (!days) return fail(days.error());
        auto const usage = world_.store.usage();
        if (!usage) return fail(usage.error());
        Json by_sender = Json::array();
        for (SenderUse const& use : *senders)
            by_sender.push_back({{"from", use.sender}, {"bytes", use.bytes}, {"blobs", use.blobs}});
        Json by_day = Json::array();
        for (DayUse const& use : *days)
            by_day.push_back({{"day", use.day}, {"bytes", use.bytes}, {"blobs", use.blobs}});
        return Json{{"used", usage->held_bytes},
                    {"reserved", usage->reserved_bytes},
                    {"blobs", usage->blobs},
                    {"quota", world_.config.node.quota},
                    {"quota_per_sender", world_.config.node.quota_per_sender},
                    {"today", world_.clock.unix_seconds() / 86'400},
                    {"by_sender", std::move(by_sender)},
                    {"by_day", std::move(by_day)}};
    };
    co_return co_await world_.workers.await(std::move(look));
}

asio::awaitable<Result<Json>> PageVerbs::receipts(LocalCall& call) {
    auto const from = number_at(call.request.args, "from");
    auto const count = number_at(call.request.args, "count");
    if (!from || !count) co_return fail(Fault::usage, "receipts: from and count");
    auto look = [this, from = std::min(*from, from_max),
                 count = std::min(*count, rows_max)]() -> Result<Json> {
        auto const page = world_.receipts.page(from, count);
        if (!page) return fail(page.error());
        Json rows = Json::array();
        for (KeptReceipt const& one : page->receipts) {
            rows.push_back({{"time", one.proof.receipt.time},
                            {"address", one.proof.recipient.text()},
                            {"content_id", one.proof.receipt.content_id.to_hex()},
                            {"blob_bytes", one.proof.receipt.size},
                            {"node_key", one.proof.receipt.node.to_base64()},
                            {"name", one.name.empty() ? "" : safe_file_name(one.name)},
                            {"message_id", one.message_id},
                            {"route", one.route},
                            {"proof", one.proof.to_line()}});
        }
        return Json{{"found", page->all}, {"receipts", std::move(rows)}};
    };
    co_return co_await world_.workers.await(std::move(look));
}

asio::awaitable<Result<Json>> PageVerbs::fetch(LocalCall& call) {
    auto const ref = text_at(call.request.args, "ref");
    if (!ref) co_return fail(ref.error());
    auto const id = content_id_in(*ref);
    if (!id) co_return fail(id.error());
    auto const source = co_await world_.sources.bring_here(*id, {});
    if (!source) co_return fail(source.error());
    co_return Json{{"content_id", id->to_hex()}, {"source", *source}};
}

/// The verb of the command line writes the mail: in another process, as all that handles mail.
asio::awaitable<Result<Json>> PageVerbs::mail(LocalCall& call) {
    auto const ref = text_at(call.request.args, "ref");
    if (!ref) co_return fail(ref.error());
    auto const id = content_id_in(*ref);
    if (!id) co_return fail(id.error());
    auto run = [this, id = *id]() -> Result<Json> {
        auto const done = run_own_program(
            {"--home", world_.home.root().string(), "--json", "mail", id.to_hex()}, mail_patience);
        if (!done) return fail(done.error());
        Json const said = Json::parse(done->text, nullptr, false);
        if (said.is_object() && said.contains("address")) return said;
        Json const error = said.is_object() ? said.value("error", Json::object()) : Json::object();
        return fail(fault_of(error.value("fault", "io")),
                    error.value("message", "the mail could not be written"));
    };
    co_return co_await world_.workers.await(std::move(run));
}

asio::awaitable<Result<Json>> PageVerbs::ask_gateway(LocalCall& call, std::string verb) {
    auto ask = [this, verb, args = call.request.args]() -> Result<Json> {
        auto client = LocalApiClient::connect(world_.home.gateway_socket());
        if (!client) return fail(Fault::not_found, "no gateway runs in this home");
        return client->call({.verb = verb, .args = args, .settings = {}});
    };
    co_return co_await world_.workers.await(std::move(ask));
}

asio::awaitable<Result<Json>> PageVerbs::attachments(LocalCall& call) {
    auto const query = query_of(call.request.args);
    if (!query) co_return fail(query.error());
    auto look = [this, query = *query] { return cataloguer_.catalogue().find(query); };
    auto const page = co_await world_.workers.await(std::move(look));
    if (!page) co_return fail(page.error());
    Json rows = Json::array();
    for (CatalogueEntry const& entry : page->entries)
        rows.push_back(json_of(entry));
    CatalogueState const& state = cataloguer_.state();
    co_return Json{{"found", page->found},
                   {"all", page->all},
                   {"revision", state.revision},
                   {"complete", state.complete},
                   {"attachments", std::move(rows)}};
}

asio::awaitable<Result<Json>> PageVerbs::attachment(LocalCall& call) {
    auto const ref = text_at(call.request.args, "ref");
    if (!ref) co_return fail(ref.error());
    auto const id = content_id_in(*ref);
    if (!id) co_return fail(id.error());
    auto look = [this, id = *id] { return cataloguer_.catalogue().find(id); };
    auto const entry = co_await world_.workers.await(std::move(look));
    if (!entry) co_return fail(entry.error());
    if (!*entry) co_return fail(Fault::not_found, id->short_form() + "… is not stored here");
    auto count = [this, id = *id] { return world_.copies.index().nodes_with(id); };
    auto const copies = co_await world_.workers.await(std::move(count));
    Json answer = json_of(**entry);
    answer["copies"] = copies ? *copies : 0;
    co_return answer;
}

}  // namespace satchel::node
