// Octets that go beside TLS: what hides them, and that both ends agree on where they lie.
#include "transfer/body_mask.h"

#include <doctest/doctest.h>

#include "src/base/hex.h"
#include "tests/support/await_on.h"
#include "tests/support/sample_blob.h"
#include "tests/support/tls_pair.h"

using namespace satchel;
using namespace satchel::transfer;
using namespace satchel::testing;

namespace {

constexpr std::chrono::seconds patience{5};

/// Two ends that have shaken hands. What is being said lives as long as they do.
struct Connected {
    Connected()
        : listener(std::move(pair.listener), pair.server.server())
        , dialler(std::move(pair.dialler), pair.client.client()) {
        std::optional<Status> accepted;
        asio::co_spawn(pair.io, listener.accept_handshake(patience),
                       [&](std::exception_ptr, Status status) { accepted = std::move(status); });
        REQUIRE(await_on(pair.io,
                         dialler.dial_handshake(NodeKey(pair.server_key.public_key()), patience)));
        run_until(pair.io, [&] { return accepted.has_value(); });
        REQUIRE(*accepted);
    }

    /// While the other side reads: more may go than fits between.
    void start(asio::awaitable<Status> writing) {
        asio::co_spawn(pair.io, std::move(writing),
                       [](std::exception_ptr, Status const& status) { CHECK(status); });
    }

    std::string head_at(TlsChannel& end) {
        return *await_on(pair.io, end.read_head(patience, patience));
    }

    Bytes masked_at(TlsChannel& end, std::size_t size, std::size_t gathered = 1) {
        Bytes body(size);
        std::size_t came = 0;
        REQUIRE(await_on(pair.io, end.read_masked(body, came, gathered)));
        CHECK(came == size);
        return body;
    }

    TlsPair pair;
    TlsChannel listener;
    TlsChannel dialler;
};

constexpr std::string_view head = "PUT / HTTP/1.1\r\n\r\n";

/// A head inside TLS, and a body beside it, twice.
asio::awaitable<Status> say_twice(TlsChannel& end, ByteSpan body) {
    for (int i = 0; i < 2; ++i) {
        if (Status said = co_await end.write(bytes_of(head)); !said) co_return said;
        if (Status said = co_await end.write_masked(body); !said) co_return said;
    }
    co_return Status();
}

}  // namespace

TEST_CASE("body_mask: AES-128 in counter mode, from a counter of zero, in whatever parts") {
    // The key of zeros, from the first test cases of the GCM specification: what it makes of the
    // counters 0, 1 and 2.
    std::string const stream =
        "66e94bd4ef8a2c3b884cfa59ca342b2e58e2fccefa7e3061367f1d57a4e7455a"
        "0388dace60b6a392f328c2b971b2fe78";
    std::array<Byte, 16> const key{};
    for (auto const with_key : {&BodyMask::with_key, &BodyMask::by_openssl}) {
        for (std::size_t const first : {0U, 1U, 15U, 16U, 17U, 48U}) {
            CAPTURE(first);
            auto mask = with_key(key);
            REQUIRE(mask);
            Bytes bytes(48);
            auto const all = std::span(bytes);
            REQUIRE(mask->apply(all.first(first), all.first(first)));
            REQUIRE(mask->apply(all.subspan(first), all.subspan(first)));
            CHECK(to_hex(bytes) == stream);
        }
    }
}

TEST_CASE("body_mask: the widest registers make what OpenSSL makes") {
    std::array<Byte, 16> key{};
    for (std::size_t i = 0; i < key.size(); ++i)
        key[i] = static_cast<Byte>(i * 11);
    SampleBlob const blob = sample_blob(70'000);
    for (std::size_t const part : {1U, 63U, 64U, 65U, 511U, 512U, 513U, 1'024U, 1'100U, 70'000U}) {
        CAPTURE(part);
        auto mask = BodyMask::with_key(key);
        auto reference = BodyMask::by_openssl(key);
        REQUIRE(mask);
        REQUIRE(reference);
        Bytes masked(blob.size());
        Bytes expected(blob.size());
        for (std::size_t at = 0; at < blob.size(); at += part) {
            auto const size = std::min<std::size_t>(part, blob.size() - at);
            auto const in = blob.view().subspan(at, size);
            REQUIRE(mask->apply(in, std::span(masked).subspan(at, size)));
            REQUIRE(reference->apply(in, std::span(expected).subspan(at, size)));
        }
        CHECK(masked == expected);
    }
}

TEST_CASE("body_mask: bodies go between the records of TLS, both ways at once") {
    for (std::size_t const size : {1U, 16U, 40'000U, 300'001U}) {
        CAPTURE(size);
        Connected ends;
        SampleBlob const there = sample_blob(size, 1);
        SampleBlob const back = sample_blob(size, 2);
        ends.start(say_twice(ends.dialler, there.view()));
        ends.start(say_twice(ends.listener, back.view()));
        for (int i = 0; i < 2; ++i) {
            CHECK(ends.head_at(ends.listener) == head);
            CHECK(ends.masked_at(ends.listener, size, 256 * 1024) == there.bytes);
            CHECK(ends.head_at(ends.dialler) == head);
            CHECK(ends.masked_at(ends.dialler, size) == back.bytes);
        }
        CHECK(ends.listener.is_quiet());
    }
}

TEST_CASE("body_mask: what the system gathers is all there, and a head behind it comes at once") {
    Connected ends;
    SampleBlob const blob = sample_blob(300'000);
    Bytes body(blob.size());
    std::size_t came = 0;
    std::optional<std::string> behind;
    asio::co_spawn(
        ends.pair.io,
        [&]() -> asio::awaitable<void> {
            CHECK(co_await ends.listener.read_masked(body, came, 256 * 1024));
            behind = (co_await ends.listener.read_head(patience, patience)).value_or("");
        },
        asio::detached);
    // It waits for each before anything has come.
    auto const let_wait = [&] {
        ends.pair.io.restart();
        ends.pair.io.poll();
    };
    let_wait();
    ends.start(ends.dialler.write_masked(blob.view()));
    run_until(ends.pair.io, [&] { return came == blob.size(); });
    let_wait();
    CHECK(body == blob.bytes);
    ends.start(ends.dialler.write(bytes_of(head)));
    run_until(ends.pair.io, [&] { return behind.has_value(); });
    CHECK(*behind == head);
}

TEST_CASE("body_mask: of what the system gathers nothing is lost where the stream ends before") {
    Connected ends;
    SampleBlob const blob = sample_blob(10'000);
    ends.start(ends.dialler.write_masked(blob.view()));
    asio::post(ends.pair.io, [&] { ends.dialler.end_sending(); });
    Bytes body(300'000);
    std::size_t came = 0;
    CHECK_FALSE(await_on(ends.pair.io, ends.listener.read_masked(body, came, 256 * 1024)));
    CHECK(came == blob.size());
}

TEST_CASE("body_mask: who listens sees neither the bytes, nor that they are the same again") {
    Connected ends;
    SampleBlob const blob = sample_blob(10'000);
    auto wire = ends.listener.release();
    std::vector<Bytes> seen;
    for (int i = 0; i < 2; ++i) {
        ends.start(ends.dialler.write_masked(blob.view()));
        ends.pair.io.restart();
        ends.pair.io.poll();
        Bytes bytes(blob.size());
        CHECK(asio::read(wire, asio::buffer(bytes)) == blob.size());
        CHECK(bytes != blob.bytes);
        seen.push_back(std::move(bytes));
    }
    CHECK(seen[0] != seen[1]);
}

TEST_CASE("body_mask: a body that begins inside TLS does not go on beside it") {
    Connected ends;
    std::string const both = std::string(head) + "the first of it";
    ends.start(ends.dialler.write(bytes_of(both)));
    CHECK(ends.head_at(ends.listener) == head);
    Bytes body(100);
    std::size_t came = 0;
    auto const read = await_on(ends.pair.io, ends.listener.read_masked(body, came));
    REQUIRE_FALSE(read);
    CHECK(read.error().fault == Fault::corrupt);
    CHECK(came == 0);
}
