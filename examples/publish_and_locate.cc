// Two nodes of a DHT in one process: the first publishes where an address has its storage, the
// second finds it by the address alone.
//   g++ publish_and_locate.cc $(pkg-config --cflags --libs satchel) -o publish_and_locate
//   ./publish_and_locate bob@example.test
#include <cstdio>
#include <memory>

#include "dht/opendht_location_service.h"
#include "src/base/asio.h"
#include "src/base/sodium_init.h"
#include "src/base/sodium_randomness.h"
#include "src/core/identity.h"
#include "src/core/limits.h"
#include "src/core/locator.h"
#include "src/core/storage_record.h"

namespace {

using namespace satchel;

/// What the owner signs: their node, for readers who know their user key.
Result<RecordEnvelope> record_of(Identity const& identity, Locator const& place, Clock const& clock,
                                 Randomness& randomness) {
    StorageRecord record{.address = identity.addresses.front(),
                         .age_recipient = identity.recipient(),
                         .nodes = {},
                         .accept = {},
                         .binding = {},
                         .gateway = {},
                         .page = {}};
    record.nodes.push_back({.node_key = identity.node_public(),
                            .priority = 0,
                            .presence_secret = randomness.array<32>()});
    auto const body = encode_storage_record(record);
    if (!body) return fail(body.error());
    RecordEnvelope draft;
    draft.kind = RecordKind::storage;
    draft.dht_key = place.key;
    draft.slot_owner = draft.signer = identity.user_public();
    draft.issued = clock.unix_seconds();
    draft.seq = draft.issued * 1000;
    draft.expires = draft.slot_expires = draft.issued + limits::storage_record_lifetime_seconds;
    return seal_record(draft, *body, place.seal, identity.user_key, randomness);
}

asio::awaitable<Status> publish_and_locate(location::LocationService& publishing,
                                           location::LocationService& reading,
                                           Identity const& identity, Clock const& clock,
                                           Randomness& randomness) {
    Locator const place = locate(identity.addresses.front());
    auto const record = record_of(identity, place, clock, randomness);
    if (!record) co_return fail(record.error());
    auto const put = co_await publishing.put(*record, std::chrono::seconds(10));
    if (!put) co_return fail(put.error());
    // A reader names the one value that counts: that of the key it trusts.
    location::FetchRequest request{
        .place = {place.key, RecordKind::storage, slot_id(identity.user_public())}, .judge = {}};
    request.source = location::Source::network;
    auto const found = co_await reading.fetch(request);
    if (!found) co_return fail(found.error());
    auto const opened = open_record(*found, place.seal);
    if (!opened) co_return fail(opened.error());
    auto const told =
        decode_storage_record(*opened, {UserKey(found->signer), DomainKey(found->slot_owner),
                                        found->slot_epoch, found->slot_expires});
    if (!told) co_return fail(told.error());
    std::printf("%s stores on node %s\n", told->address.text().c_str(),
                told->nodes.front().node_key.to_base64().c_str());
    co_return Status();
}

Status run(Address const& address) {
    asio::io_context io;
    SystemClock clock;
    SystemRandomness randomness;
    EventLog const log(2, EventLog::Level::warning);
    location::OpendhtOptions options;
    options.listen = {"127.0.0.1", 0};
    auto first = location::OpendhtLocationService::start(io, options, clock, randomness, log);
    if (!first) return fail(first.error());
    options.bootstrap = {(*first)->listening()};
    auto second = location::OpendhtLocationService::start(io, options, clock, randomness, log);
    if (!second) return fail(second.error());
    Identity const identity = generate_identity({address}, randomness);
    Status outcome = fail(Fault::timed_out, "nothing happened");
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
            outcome = co_await publish_and_locate(**first, **second, identity, clock, randomness);
            (*second)->stop();
            (*first)->stop();
            io.stop();
        },
        asio::detached);
    io.run();
    return outcome;
}

}  // namespace

int main(int count, char** words) {
    ensure_sodium();
    auto const address = Address::parse(count > 1 ? words[1] : "bob@example.test");
    auto const done = address ? run(*address) : Status(fail(address.error()));
    if (done) return 0;
    std::fprintf(stderr, "%s\n", done.error().what.c_str());
    return 1;
}
