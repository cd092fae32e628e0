#include "dht/dns_unbound.h"

#include <fstream>

#include <doctest/doctest.h>

#include "src/base/bytes.h"
#include "tests/support/await_on.h"
#include "tests/support/temp_folder.h"

using namespace satchel;
using namespace satchel::location;
using namespace satchel::testing;
using namespace std::chrono_literals;

namespace {

/// A DNS server of a few lines (RFC 1035 §4.1): answers by the first label of the name it is asked.
class TinyDnsServer {
public:
    explicit TinyDnsServer(asio::io_context& io)
        : socket_(io, {asio::ip::address_v4::loopback(), 0}) {
        receive();
    }

    Endpoint endpoint() const { return {"127.0.0.1", socket_.local_endpoint().port()}; }

    void close() { socket_.close(); }

private:
    void receive() {
        socket_.async_receive_from(asio::buffer(packet_), peer_,
                                   [this](boost::system::error_code error, std::size_t size) {
                                       if (error) return;
                                       answer({packet_.data(), size});
                                       receive();
                                   });
    }

    static void put16(Bytes& to, std::size_t value) {
        to.push_back(static_cast<Byte>(value >> 8U));
        to.push_back(static_cast<Byte>(value));
    }

    void answer(ByteSpan question) {
        if (question.size() < 13) return;
        std::string const label(text_of(question.subspan(13, question[12])));
        if (label == "silent") return;
        std::size_t end = 12;
        while (question[end] != 0)
            end += question[end] + 1U;
        end += 5;  // the root label, type, class
        bool const is_txt = question[end - 3] == 16;
        std::vector<Bytes> records;
        if (label == "one" && is_txt) records = {rdata({"v=satchel1; ", "x"})};
        if (label == "many" && is_txt)
            for (int i = 0; i < 20; ++i)
                records.push_back(rdata({"number " + std::to_string(i)}));
        if (label == "cut" && is_txt) records = {{200, 'x'}, rdata({"whole"})};
        unsigned const code = label == "missing" ? 3 : label == "broken" ? 2 : 0;
        Bytes out = copy_of(question.first(2));
        put16(out, 0x8580U | code);  // answer, authoritative, recursion wanted and available
        put16(out, 1);
        put16(out, records.size());
        put16(out, 0);
        put16(out, 0);
        append(out, question.subspan(12, end - 12));
        for (Bytes const& record : records) {
            put16(out, 0xc00c);  // the name of the question
            put16(out, 16);
            put16(out, 1);
            put16(out, 0);
            put16(out, 77);  // TTL
            put16(out, record.size());
            append(out, record);
        }
        socket_.send_to(asio::buffer(out), peer_);
    }

    static Bytes rdata(std::vector<std::string> const& strings) {
        Bytes out;
        for (std::string const& string : strings) {
            out.push_back(static_cast<Byte>(string.size()));
            append(out, bytes_of(string));
        }
        return out;
    }

    asio::ip::udp::socket socket_;
    asio::ip::udp::endpoint peer_;
    std::array<Byte, 4096> packet_{};
};

struct Lab {
    asio::io_context io;
    TinyDnsServer server{io};
    std::unique_ptr<UnboundResolver> resolver;

    explicit Lab(std::chrono::milliseconds timeout = 10s) {
        UnboundOptions options;
        options.server = server.endpoint();
        options.timeout = timeout;
        auto started = UnboundResolver::start(io, std::move(options));
        REQUIRE(started);
        resolver = std::move(*started);
    }

    Result<TxtAnswer> ask(std::string const& name,
                          CallerLine const& caller = CallerLine::current()) {
        return await_on(io, resolver->txt(name), usual_deadline, caller);
    }
};

}  // namespace

TEST_CASE("dns_unbound: strings of a record are joined") {
    Lab lab;
    for (char const* const name : {"one.b.test", "one.example.net"}) {
        CAPTURE(name);
        auto const answer = lab.ask(name);
        REQUIRE_MESSAGE(answer, (answer ? "" : answer.error().what));
        CHECK(answer->texts == std::vector<std::string>{"v=satchel1; x"});
        CHECK(answer->ttl <= 77);
        CHECK(answer->ttl > 0);
        CHECK(answer->dnssec == Dnssec::insecure);
    }
}

TEST_CASE("dns_unbound: what is too much or damaged is left out") {
    Lab lab;
    auto const many = lab.ask("many.b.test");
    REQUIRE(many);
    CHECK(many->texts.size() == 16);
    auto const cut = lab.ask("cut.b.test");
    if (cut) CHECK(cut->texts == std::vector<std::string>{"whole"});
}

TEST_CASE("dns_unbound: no record, a failing server, and a silent one are told apart") {
    Lab lab(1s);
    CHECK(lab.ask("missing.b.test").error().fault == Fault::not_found);
    CHECK(lab.ask("empty.b.test").error().fault == Fault::not_found);
    auto const broken = lab.ask("broken.b.test").error().fault;
    CHECK((broken == Fault::unavailable || broken == Fault::timed_out));
    CHECK(lab.ask("silent.b.test").error().fault == Fault::timed_out);
    CHECK(lab.ask(std::string(300, 'x') + ".test").error().fault == Fault::not_found);
    CHECK(lab.ask("one..b.test").error().fault == Fault::unavailable);
    CHECK(lab.ask("one.b.test"));
}

TEST_CASE("dns_unbound: an answered question keeps nobody waiting") {
    Lab lab;
    REQUIRE(lab.ask("one.b.test"));
    lab.server.close();
    lab.io.restart();
    lab.io.run();  // ends by itself
}

TEST_CASE("dns_unbound: stopping ends what waits") {
    Lab lab(1h);
    auto const answer = std::make_shared<std::optional<Result<TxtAnswer>>>();
    asio::co_spawn(lab.io, keep_result(lab.resolver->txt("silent.b.test"), answer), asio::detached);
    asio::post(lab.io, [&] { lab.resolver->stop(); });
    run_until(lab.io, [&] { return answer->has_value(); });
    CHECK((*answer)->error().fault == Fault::unavailable);
    CHECK(lab.ask("one.b.test").error().fault == Fault::unavailable);
    lab.resolver->stop();
}

TEST_CASE("dns_unbound: an anchor that is not there is told at once") {
    asio::io_context io;
    UnboundOptions options;
    options.anchor = "/nonexistent/root.key";
    auto const started = UnboundResolver::start(io, options);
    REQUIRE_FALSE(started);
    CHECK(started.error().fault == Fault::config);
    CHECK(started.error().what.find("trust.dnssec_anchor") != std::string::npos);
}
