#include "src/node/page_verbs.h"

#include <algorithm>

#include "src/core/reference.h"
#include "src/node/json_values.h"

namespace satchel::node {

namespace {

constexpr std::uint64_t rows_max = 500;
constexpr std::size_t words_octets_max = 200;

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
            {"stored", entry.stored}};
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
                          .from = std::min<std::uint64_t>(*from, 1ULL << 40U),
                          .count = std::min(*count, rows_max)};
}

}  // namespace

LocalApiServer::Handler PageVerbs::handler_of(std::string const& verb) {
    if (verb == "attachments") return [this](LocalCall& call) { return attachments(call); };
    if (verb == "attachment") return [this](LocalCall& call) { return attachment(call); };
    if (verb == "pulse") return [this](LocalCall& call) { return pulse(call); };
    return {};
}

/// What an open page asks twice a second: costs nothing.
asio::awaitable<Result<Json>> PageVerbs::pulse(LocalCall&) {
    CatalogueState const& state = world_.cataloguer.state();
    co_return Json{
        {"revision", state.revision}, {"complete", state.complete}, {"looked_at", state.looked_at}};
}

asio::awaitable<Result<Json>> PageVerbs::attachments(LocalCall& call) {
    auto const query = query_of(call.request.args);
    if (!query) co_return fail(query.error());
    auto look = [this, query = *query] { return world_.cataloguer.catalogue().find(query); };
    auto const page = co_await world_.workers.await(std::move(look));
    if (!page) co_return fail(page.error());
    Json rows = Json::array();
    for (CatalogueEntry const& entry : page->entries)
        rows.push_back(json_of(entry));
    CatalogueState const& state = world_.cataloguer.state();
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
    auto look = [this, id = *id] { return world_.cataloguer.catalogue().find(id); };
    auto const entry = co_await world_.workers.await(std::move(look));
    if (!entry) co_return fail(entry.error());
    if (!*entry) co_return fail(Fault::not_found, id->short_form() + "… is not stored here");
    co_return json_of(**entry);
}

}  // namespace satchel::node
