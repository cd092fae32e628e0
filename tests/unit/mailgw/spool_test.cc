#include "mailgw/spool.h"

#include <fstream>
#include <set>

#include <doctest/doctest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/seeded_randomness.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/mailgw/sample_mail.h"

using namespace satchel;
using namespace satchel::mailgw;
using namespace satchel::testing;

namespace {

struct World {
    TempFolder folder;
    FakeClock clock;
    SeededRandomness randomness;

    std::unique_ptr<Spool> open() {
        return Spool::open(folder / "spool", clock, randomness).value();
    }

    std::set<std::string> files() const {
        std::set<std::string> names;
        for (auto const& entry : std::filesystem::directory_iterator(folder / "spool/msg"))
            names.insert(entry.path().filename());
        return names;
    }
};

Envelope envelope_for(std::vector<std::string> const& recipients) {
    Envelope envelope;
    envelope.sender = "alice@a.test";
    envelope.body = BodyType::eight_bit_mime;
    envelope.smtputf8 = true;
    envelope.ret = "HDRS";
    envelope.envid = "QQ1";
    envelope.xforward = "NAME=x";
    envelope.trace = "Received: x\r\n";
    envelope.eight_bit = true;
    for (auto const& address : recipients)
        envelope.recipients.push_back({address, "NEVER", "rfc822;" + address});
    return envelope;
}

std::string put(Spool& spool, std::vector<std::string> const& recipients) {
    auto draft = spool.begin(0).value();
    REQUIRE(draft.write(bytes_of(plain_mail())));
    auto const id = draft.id();
    REQUIRE(spool.commit(std::move(draft), envelope_for(recipients)));
    return id;
}

}  // namespace

TEST_CASE("spool: gives back what was put in, also after a restart") {
    World world;
    std::string id;
    {
        auto const spool = world.open();
        id = put(*spool, {"bob@b.test", "carol@c.test"});
        CHECK_FALSE(spool->load(id)->from_earlier_run);
    }
    auto const spool = world.open();
    auto const message = spool->load(id);
    REQUIRE(message);
    CHECK(message->from_earlier_run);
    CHECK(message->envelope.sender == "alice@a.test");
    CHECK(message->envelope.body == BodyType::eight_bit_mime);
    CHECK(message->envelope.smtputf8);
    CHECK(message->envelope.ret == "HDRS");
    CHECK(message->envelope.envid == "QQ1");
    CHECK(message->envelope.xforward == "NAME=x");
    CHECK(message->envelope.trace == "Received: x\r\n");
    CHECK(message->envelope.eight_bit);
    CHECK_FALSE(message->envelope.eight_bit_header);
    CHECK(message->bytes == plain_mail().size());
    CHECK(message->received == world.clock.unix_seconds());
    REQUIRE(message->recipients.size() == 2);
    CHECK(message->envelope.recipients[1].address == "carol@c.test");
    CHECK(message->envelope.recipients[1].notify == "NEVER");
    CHECK(message->envelope.recipients[1].orcpt == "rfc822;carol@c.test");
    CHECK(message->recipients[1].state == RecipientState::queued);
    CHECK_FALSE(message->recipients[1].plan);
    CHECK(read_file(world.folder / "spool/msg" / id) == plain_mail());
    CHECK(spool->due(10).value() == std::vector<std::string>{id});
}

TEST_CASE("spool: states, copies, and what goes when all is done") {
    World world;
    auto const spool = world.open();
    auto const id = put(*spool, {"bob@b.test", "carol@c.test"});
    auto message = spool->load(id).value();
    std::vector<UniqueFd> copies;
    copies.push_back(spool->create_copy(id, 0).value());
    REQUIRE(write_all(copies[0].get(), bytes_of("copy")));
    REQUIRE(spool->seal_copies(copies));
    SpooledRecipient& bob = message.recipients[0];
    bob.plan = Plan::push;
    bob.own_copy = true;
    bob.parts.push_back({ContentId{}, 5, 37, Bytes{1, 2}, "inline", ""});
    bob.tries = 3;
    bob.next_try = world.clock.unix_seconds() + 100;
    bob.trouble = "450 later";
    message.recipients[1].plan = Plan::full;
    message.recipients[1].reason = "no storage record";
    message.recipients[1].state = RecipientState::failed;
    REQUIRE(spool->record(id, message.recipients));

    auto const read = spool->load(id).value();
    CHECK(read.recipients[0].plan == Plan::push);
    CHECK(read.recipients[0].tries == 3);
    CHECK(read.recipients[0].trouble == "450 later");
    REQUIRE(read.recipients[0].parts.size() == 1);
    CHECK(read.recipients[0].parts[0].blob_bytes == 37);
    CHECK(read.recipients[0].parts[0].receipt == Bytes{1, 2});
    CHECK(read.recipients[0].parts[0].route == "inline");
    CHECK(read.recipients[1].reason == "no storage record");
    CHECK(spool->due(10)->empty());
    world.clock.advance(std::chrono::seconds(100));
    CHECK(spool->due(10)->size() == 1);

    bob.state = RecipientState::done;
    REQUIRE(spool->record(id, {bob}));
    CHECK(world.files() == std::set<std::string>{id});  // a failed recipient keeps the message

    CHECK(spool->retry(id).value() == 1);
    CHECK(spool->due(10)->size() == 1);
    message.recipients[1].state = RecipientState::done;
    REQUIRE(spool->record(id, {message.recipients[1]}));
    CHECK(world.files().empty());
    CHECK(spool->load(id).error().fault == Fault::not_found);
    CHECK(spool->retry(id).error().fault == Fault::not_found);
    CHECK(spool->list()->empty());
}

TEST_CASE("spool: a draft that is not committed leaves nothing") {
    World world;
    auto const spool = world.open();
    {
        auto draft = spool->begin(0).value();
        REQUIRE(draft.write(bytes_of("half")));
        auto moved = std::move(draft);
        CHECK(world.files().size() == 1);
    }
    CHECK(world.files().empty());
    CHECK(spool->begin(1ULL << 62).error().fault == Fault::no_space);
    CHECK(world.files().empty());
}

TEST_CASE("spool: orphans go at the start, what is needed stays") {
    World world;
    std::string id;
    std::string token;
    {
        auto const spool = world.open();
        id = put(*spool, {"bob@b.test", "carol@c.test"});
        token = spool->token();
        auto message = spool->load(id).value();
        message.recipients[1].own_copy = true;
        REQUIRE(spool->record(id, {message.recipients[1]}));
        for (char const* number : {".0", ".1"})
            std::ofstream(world.folder / "spool/msg" / (id + number)) << "copy";
        std::ofstream(world.folder / "spool/msg/0123456789abcdef0123") << "orphan";
    }
    auto const spool = world.open();
    CHECK(world.files() == std::set<std::string>{id, id + ".1"});
    CHECK(spool->token() == token);
}

TEST_CASE("spool: one process at a time") {
    World world;
    auto const spool = world.open();
    auto const second = Spool::open(world.folder / "spool", world.clock, world.randomness);
    REQUIRE_FALSE(second);
    CHECK(second.error().fault == Fault::unavailable);
}
