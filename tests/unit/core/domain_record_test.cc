#include "src/core/domain_record.h"

#include <doctest/doctest.h>

#include "src/base/base64.h"
#include "src/core/limits.h"
#include "tests/support/vector_file.h"
#include "tests/unit/core/samples.h"

using namespace satchel;
using namespace satchel::testing;

namespace {

DomainKey domain_key() {
    return DomainKey(sample_key("domain").public_key());
}

DomainRecord bare_record() {
    DomainRecord record;
    record.key = domain_key();
    return record;
}

DomainRecord full_record() {
    DomainRecord record = bare_record();
    record.gateway_keys = {sample_key("gateway").public_key(), sample_key("other").public_key()};
    record.gateway = HostPort{"mx.b.test", 7473};
    record.dht_bootstrap = {{"mx.b.test", 7475}, {"2001:db8::1", 7475}};
    record.vouch = vouch_for(record.key, "b.test", sample_key("older"));
    return record;
}

std::string bare_text() {
    return "v=satchel1; k=ed25519; p=" + domain_key().to_base64();
}

}  // namespace

TEST_CASE("domain_record: the text of FORMATS.md") {
    VectorFile vectors("domain_record");
    vectors.check("domain seed", sample_key("domain").seed());
    vectors.check("older seed", sample_key("older").seed());
    vectors.check("bare", bytes_of(bare_record().to_text()));
    vectors.check("full", bytes_of(full_record().to_text()));
    vectors.check("vouch", full_record().vouch->signature);
}

TEST_CASE("domain_record: comes back as it went") {
    for (DomainRecord const& record : {bare_record(), full_record()}) {
        auto const back = DomainRecord::parse(record.to_text());
        REQUIRE(back);
        CHECK(*back == record);
    }
    CHECK(bare_record().to_text() == bare_text());
}

TEST_CASE("domain_record: all bounds at once fit its own") {
    std::string const label = std::string(63, 'd') + ".";
    HostPort const far{label + label + label + std::string(61, 'e'), 65535};
    DomainRecord record = full_record();
    record.gateway = far;
    record.gateway_keys.assign(limits::domain_record_items, domain_key());
    record.dht_bootstrap.assign(limits::domain_record_items, far);
    CHECK(record.to_text().size() == 2'918);
    REQUIRE(DomainRecord::parse(record.to_text()));
    CHECK(*DomainRecord::parse(record.to_text()) == record);
    record.dht_bootstrap.push_back(far);
    CHECK_FALSE(DomainRecord::parse(record.to_text()));
}

TEST_CASE("domain_record: blanks, order and unknown tags don't matter") {
    std::string const p = domain_key().to_base64();
    for (std::string const& text :
         {"v=satchel1;k=ed25519;p=" + p, "v = satchel1 ;\tp=" + p + " ; k = ed25519 ;",
          bare_text() + "; x=1; future_tag=a=b,c", bare_text() + "; x="}) {
        CAPTURE(text);
        auto const record = DomainRecord::parse(text);
        REQUIRE(record);
        CHECK(*record == bare_record());
    }
    auto const spaced = DomainRecord::parse(bare_text() + "; dht=a.test:1 ,\tb.test:2");
    REQUIRE(spaced);
    CHECK(spaced->dht_bootstrap.size() == 2);
}

TEST_CASE("domain_record: others' records are not damaged ones") {
    for (std::string const& text :
         {std::string(), std::string("hello"), std::string("v=spf1 -all"),
          std::string("v=satchel2; k=ed25519; p=x"), std::string("v=satchel10; x=1"),
          "k=ed25519; v=satchel1; p=" + domain_key().to_base64(), ";" + bare_text(),
          std::string(100'000, ';')}) {
        CAPTURE(text.substr(0, 80));
        CHECK(DomainRecord::parse(text).error().fault == Fault::not_found);
    }
}

TEST_CASE("domain_record: refuses what is damaged, and says where") {
    struct Row {
        std::string text;
        char const* words;
    };

    std::string const p = domain_key().to_base64();
    std::string const nine = [&] {
        std::string keys = p;
        for (int i = 0; i < 8; ++i)
            keys += ',' + p;
        return keys;
    }();
    for (Row const& row : {Row{"v=satchel1", "k=ed25519"},
                           Row{"v=satchel1; p=" + p, "k=ed25519"},
                           Row{"v=satchel1; k=rsa; p=" + p, "k=ed25519"},
                           Row{"v=satchel1; k=ed25519", "p="},
                           Row{"v=satchel1; k=ed25519; p=", "p="},
                           Row{"v=satchel1; k=ed25519; p=" + p.substr(1), "p="},
                           Row{"v=satchel1; k=ed25519; p=" + p + p, "p="},
                           Row{bare_text() + "; p=" + p, "twice"},
                           Row{bare_text() + "; v=satchel1", "twice"},
                           Row{bare_text() + "; x=1; x=1", "twice"},
                           Row{bare_text() + "; gk=", "gk="},
                           Row{bare_text() + "; gk=" + p + ",", "gk="},
                           Row{bare_text() + "; gk=" + nine, "more than 8"},
                           Row{bare_text() + "; gw=", "gw="},
                           Row{bare_text() + "; gw=b.test", "gw="},
                           Row{bare_text() + "; gw=a.test:1,b.test:2", "1"},
                           Row{bare_text() + "; dht=b.test:0", "dht="},
                           Row{bare_text() + "; dht=b.test:1,", "dht="},
                           Row{bare_text() + "; vouch=" + p, "vouch="},
                           Row{bare_text() + "; vouch=", "vouch="},
                           Row{bare_text() + ";;", "tag=value"},
                           Row{bare_text() + "; lonely", "tag=value"},
                           Row{bare_text() + "; =x", "tag=value"},
                           Row{bare_text() + "; X=1", "tag=value"},
                           Row{bare_text() + "; a_name_of_17_octets=1", "tag=value"},
                           Row{bare_text() + "; x=\x01", "printable"},
                           Row{bare_text() + "; x=\xc3\xbc", "printable"},
                           Row{bare_text() + "; x=" + std::string(4'096, 'x'), "over 4096"}}) {
        CAPTURE(row.text.substr(0, 200));
        auto const record = DomainRecord::parse(row.text);
        REQUIRE_FALSE(record);
        CHECK(record.error().fault == Fault::corrupt);
        CHECK(record.error().what.find(row.words) != std::string::npos);
    }
}

TEST_CASE("domain_record: a vouch is of one key, for one key, of one domain") {
    SigningKey const older = sample_key("older");
    auto const vouch = vouch_for(domain_key(), "b.test", older);
    CHECK(vouch_holds(vouch, domain_key(), "b.test"));
    CHECK_FALSE(vouch_holds(vouch, domain_key(), "c.test"));
    CHECK_FALSE(vouch_holds(vouch, DomainKey(sample_key("x").public_key()), "b.test"));
    DomainVouch of_another = vouch;
    of_another.by = DomainKey(sample_key("x").public_key());
    CHECK_FALSE(vouch_holds(of_another, domain_key(), "b.test"));
    DomainVouch bent = vouch;
    bent.signature[0] ^= 1U;
    CHECK_FALSE(vouch_holds(bent, domain_key(), "b.test"));
    CHECK(domain_record_name("b.test") == "_satchel.b.test");
}
