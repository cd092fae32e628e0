#include "tests/bench/scale_measures.h"

#include <algorithm>
#include <cstdio>
#include <fstream>

#include <sys/resource.h>

#include "dht/address_resolver.h"
#include "dht/record_keeper.h"

namespace satchel::bench {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using testing::DatagramCount;

namespace {

constexpr auto patience = 10s;

double milliseconds_since(steady_clock::time_point began) {
    return std::chrono::duration<double, std::milli>(steady_clock::now() - began).count();
}

double share(std::size_t part, std::size_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// A resolver whose locators are known asks through ever other nodes.
class OtherNodes final : public location::LocationService {
public:
    void ask_through(location::LocationService& service) { service_ = &service; }

    asio::awaitable<Result<location::PutReport>> put(RecordEnvelope record,
                                                     std::chrono::milliseconds time) override {
        return service_->put(std::move(record), time);
    }

    asio::awaitable<Result<RecordEnvelope>> fetch(location::FetchRequest request) override {
        return service_->fetch(std::move(request));
    }

    asio::awaitable<Result<std::vector<RecordEnvelope>>> collect(
        location::CollectRequest request) override {
        return service_->collect(std::move(request));
    }

    std::unique_ptr<location::Watch> watch(location::WatchRequest request) override {
        return service_->watch(std::move(request));
    }

    void call(std::vector<Endpoint> peers) override { service_->call(std::move(peers)); }

    asio::awaitable<bool> answers(Endpoint peer) override {
        return service_->answers(std::move(peer));
    }

    location::LocationStats stats() const override { return service_->stats(); }

    void stop() override {}

private:
    location::LocationService* service_ = nullptr;
};

class AlwaysThere final : public location::Pinger {
public:
    asio::awaitable<Status> ping(NodeKey /*node*/, std::vector<Endpoint> /*endpoints*/) override {
        co_return Status{};
    }

    asio::awaitable<Status> ping_line(NodeKey /*node*/, GatewayPlace /*gateway*/) override {
        co_return Status{};
    }
};

/// A node's presence, signed anew whenever it is put.
class Voice {
public:
    Voice(Clock const& clock, Randomness& randomness)
        : clock_(clock)
        , randomness_(randomness)
        , key_(SigningKey::generate(randomness))
        , node_(key_.public_key())
        , secret_(randomness.array<32>()) {}

    RecordEnvelope speak() const {
        RecordEnvelope envelope;
        envelope.kind = RecordKind::presence;
        envelope.dht_key = presence_key(node_);
        envelope.slot_owner = node_;
        envelope.signer = node_;
        envelope.seq = clock_.unix_milliseconds();
        envelope.issued = envelope.seq / 1000;
        envelope.expires = envelope.issued + limits::presence_ttl_seconds;
        envelope.slot_expires = envelope.expires;
        auto const body = encode_presence_record({true, {{"127.0.0.1", 7473}}, {}, 0, false});
        return *seal_record(envelope, *body, secret_, key_, randomness_);
    }

private:
    Clock const& clock_;
    Randomness& randomness_;
    SigningKey key_;
    NodeKey node_;
    PresenceSecret secret_;
};

}  // namespace

double cpu_seconds() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    auto const seconds = [](timeval const& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double resident_mb() {
    std::ifstream statm("/proc/self/statm");
    double whole = 0;
    double resident = 0;
    statm >> whole >> resident;
    return resident * 4096 / 1e6;
}

JsonLine::JsonLine(std::size_t nodes, std::string const& profile, std::string const& what)
    : text_("{\"n\": " + std::to_string(nodes) + ", \"profile\": \"" + profile +
            "\", \"what\": \"" + what + "\"") {}

JsonLine::~JsonLine() {
    std::printf("%s}\n", text_.c_str());
    std::fflush(stdout);
}

JsonLine& JsonLine::add(std::string const& name, double value) {
    text_ += ", \"" + name + "\": " + std::to_string(value);
    return *this;
}

JsonLine& JsonLine::add(std::string const& name, std::string const& text) {
    text_ += ", \"" + name + "\": \"" + text + "\"";
    return *this;
}

JsonLine& JsonLine::add(std::string const& name, std::vector<double> values) {
    if (values.empty()) return *this;
    std::sort(values.begin(), values.end());
    add(name + "_p50", values[values.size() / 2]);
    add(name + "_p95", values[values.size() * 95 / 100]);
    return add(name + "_max", values.back());
}

void ScaleMeasures::put(RecordEnvelope const& record, PutFigures& figures) {
    auto const node = network_.any();
    auto const sent = network_.sent_by(node);
    auto const received = network_.received_by(node);
    auto const began = steady_clock::now();
    auto const report = testing::await_on(network_.io, network_.at(node).put(record, patience));
    if (!report) return;
    figures.took.push_back(milliseconds_since(began));
    auto traffic = network_.sent_by(node) - sent;
    figures.requests.push_back(static_cast<double>(traffic.requests));
    traffic += network_.received_by(node) - received;
    figures.datagrams.push_back(static_cast<double>(traffic.datagrams));
    figures.bytes.push_back(static_cast<double>(traffic.bytes));
}

void ScaleMeasures::report_puts(std::string const& what, PutFigures const& figures) const {
    line(what)
        .add("success", share(figures.took.size(), published_.size()))
        .add("ms", figures.took)
        .add("requests", figures.requests)
        .add("datagrams", figures.datagrams)
        .add("bytes", figures.bytes);
}

void ScaleMeasures::publish(std::size_t users) {
    PutFigures figures;
    for (std::size_t i = 0; i < users; ++i) {
        auto const name = "user" + std::to_string(i) + "@b.test";
        Published one{std::make_unique<testing::StorageUser>(name, network_.clock.unix_seconds()),
                      {}};
        one.storage = one.user->storage();
        put(one.storage, figures);
        published_.push_back(std::move(one));
    }
    report_puts("put_storage", figures);
}

void ScaleMeasures::renew_presences(std::string const& what) {
    PutFigures figures;
    for (auto& one : published_) {
        one.user->now = network_.clock.unix_seconds();
        put(one.user->presence(), figures);
    }
    report_puts(what, figures);
}

ScaleMeasures::Pair ScaleMeasures::draw(bool attacked) {
    std::uniform_int_distribution<std::size_t> pick(
        attacked ? 0 : attacked_, attacked ? attacked_ - 1 : published_.size() - 1);
    for (int tries = 0;; ++tries) {
        Pair const pair{network_.any(), pick(network_.dice)};
        // In the smallest network there are not enough fresh pairs for the attacked keys.
        if (drawn_.insert({pair.reader, pair.user}).second || tries > 1'000) return pair;
    }
}

void ScaleMeasures::look_up(std::string const& what, std::size_t count, bool attacked) {
    std::vector<double> first_ms;
    std::vector<double> whole_ms;
    std::vector<double> first_requests;
    std::vector<double> requests;
    std::vector<double> datagrams;
    std::vector<double> bytes;
    for (std::size_t i = 0; i < count; ++i) {
        auto const pair = draw(attacked);
        auto const& wanted = published_[pair.user].storage;
        auto const sent = network_.sent_by(pair.reader);
        auto const received = network_.received_by(pair.reader);
        auto const began = steady_clock::now();
        double first = -1;
        double sent_first = 0;
        location::FetchRequest request;
        request.place = location::place_of(wanted);
        request.patience = patience;
        request.judge = [&](RecordEnvelope const&) -> Status {
            if (first >= 0) return {};
            first = milliseconds_since(began);
            sent_first = static_cast<double>((network_.sent_by(pair.reader) - sent).requests);
            return {};
        };
        auto const found =
            testing::await_on(network_.io, network_.at(pair.reader).fetch(std::move(request)));
        if (!found || *found != wanted) continue;
        first_ms.push_back(first);
        first_requests.push_back(sent_first);
        whole_ms.push_back(milliseconds_since(began));
        auto traffic = network_.sent_by(pair.reader) - sent;
        requests.push_back(static_cast<double>(traffic.requests));
        traffic += network_.received_by(pair.reader) - received;
        datagrams.push_back(static_cast<double>(traffic.datagrams));
        bytes.push_back(static_cast<double>(traffic.bytes));
    }
    line(what)
        .add("count", static_cast<double>(count))
        .add("success", share(first_ms.size(), count))
        .add("first_ms", std::move(first_ms))
        .add("whole_ms", std::move(whole_ms))
        .add("first_requests", std::move(first_requests))
        .add("requests", std::move(requests))
        .add("datagrams", std::move(datagrams))
        .add("bytes", std::move(bytes));
}

void ScaleMeasures::resolve(std::string const& what, std::size_t count, bool cold) {
    WorkerPool workers(network_.io, 1);
    OtherNodes service;
    AlwaysThere pinger;
    auto const resolver = [&] {
        return std::make_unique<location::AddressResolver>(service, workers, pinger,
                                                           network_.clock);
    };
    std::vector<std::unique_ptr<location::AddressResolver>>
        resolvers;  // coroutines may outlast one
    resolvers.push_back(resolver());
    std::size_t available = 0;
    std::vector<double> took;
    std::vector<double> requests;
    for (std::size_t i = 0; i < count; ++i) {
        auto const pair = draw(false);
        auto const& user = *published_[pair.user].user;
        location::TrustFor const trust = [&](Address) -> asio::awaitable<location::TrustInputs> {
            location::TrustInputs inputs;
            inputs.domain_keys = {user.domain};
            co_return inputs;
        };
        if (cold) {
            resolvers.push_back(resolver());
        } else {  // through another node, so that only the locator is known beforehand
            service.ask_through(network_.at(network_.any()));
            testing::await_on(network_.io, resolvers.back()->resolve(user.address, trust, {}));
        }
        service.ask_through(network_.at(pair.reader));
        auto const sent = network_.sent_by(pair.reader);
        auto const began = steady_clock::now();
        auto const report =
            testing::await_on(network_.io, resolvers.back()->resolve(user.address, trust, {}));
        if (!report.available) {
            line("not_available")
                .add("while", what)
                .add("presence_age_s", static_cast<double>(network_.clock.unix_seconds() -
                                                           published_[pair.user].user->now))
                .add("reason", report.reason);
            continue;
        }
        ++available;
        took.push_back(milliseconds_since(began));
        requests.push_back(static_cast<double>((network_.sent_by(pair.reader) - sent).requests));
    }
    network_.run_for(1s);  // what still waits for a grace ends before its resolver goes
    line(what)
        .add("count", static_cast<double>(count))
        .add("success", share(available, count))
        .add("ms", std::move(took))
        .add("requests", std::move(requests));
}

void ScaleMeasures::throw_junk(std::size_t keys, std::size_t values) {
    attacked_ = keys;
    auto const began = steady_clock::now();
    for (std::size_t i = 0; i < keys; ++i) {
        auto place = location::place_of(published_[i].storage);
        testing::StockDhtNode::Options options;
        options.id = place.key;  // nobody is closer to the key
        options.id->bytes.back() = static_cast<Byte>(options.id->bytes.back() ^ 1U);
        options.fate = network_.path.fate();
        options.network = network_.id;
        auto attacker = std::make_unique<testing::StockDhtNode>(network_.io, std::move(options));
        for (std::size_t value = 0; value < values; ++value) {
            place.slot = value == 0 ? place.slot : 1'000 + value;
            auto const type = value % 2 == 0 ? std::uint16_t{0} : std::uint16_t{0x5a01};
            attacker->put(place, {type, Bytes(300, 0x7f), ""});
        }
        std::vector<Endpoint> peers;
        for (std::size_t peer = 0; peer < 16; ++peer)
            peers.push_back(network_.at(network_.any()).listening());
        attacker->meet(peers);
        testing::run_until(
            network_.io, [&] { return attacker->good_nodes() >= 8; }, 60s);
        attackers_.push_back(std::move(attacker));
    }
    network_.run_for(5s);  // so that the others hear of them
    line("junk")
        .add("keys", static_cast<double>(keys))
        .add("values_per_key", static_cast<double>(values))
        .add("seconds", milliseconds_since(began) / 1e3);
}

void ScaleMeasures::watch(std::string const& what, std::chrono::seconds span) {
    auto const before = network_.path.sent();
    double const cpu = cpu_seconds();
    network_.run_for(span);
    auto const traffic = network_.path.sent() - before;
    double const node_seconds =
        static_cast<double>(network_.living()) * static_cast<double>(span.count());
    line(what)
        .add("cpu_percent_per_node", (cpu_seconds() - cpu) / node_seconds * 100)
        .add("datagrams_per_node_hour",
             static_cast<double>(traffic.datagrams) / node_seconds * 3'600)
        .add("bytes_per_node_hour", static_cast<double>(traffic.bytes) / node_seconds * 3'600)
        .add("memory_mb", resident_mb());
}

void ScaleMeasures::presence(std::chrono::seconds span) {
    std::chrono::seconds const period(limits::presence_reput_seconds);
    for (std::size_t i = 0; i < network_.size(); ++i) {
        if (!network_.lives(i)) continue;
        auto const voice = std::make_shared<Voice>(network_.clock, network_.randomness);
        keepers_.push_back(std::make_unique<location::RecordKeeper>(
            network_.io, network_.at(i), network_.randomness, network_.log));
        keepers_.back()->keep(location::place_of(voice->speak()), period,
                              [voice]() -> Result<RecordEnvelope> { return voice->speak(); });
        network_.run_for(period / 2 / network_.size());  // spread over the period, as in life
    }
    // The first puts, and those again while a keeper finds neighbours, are no steady state.
    network_.run_for(period);
    watch("presence", span);
    for (auto const& keeper : keepers_)
        keeper->stop();  // and kept: what it is about may still be under way
}

}  // namespace satchel::bench
