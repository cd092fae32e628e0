#include "dht/opendht_watch.h"

#include "dht/opendht_node.h"
#include "dht/record_policy.h"

namespace satchel::location {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

using ValuePtr = std::shared_ptr<::dht::Value>;

/// Shared with OpenDHT's callback, which outlives the watch: 2.4 loses the token of a listen where
/// it has no IPv6.
struct Watching {
    WatchRequest request;
    bool closed = false;
    std::size_t checked = 0;  ///< in this minute
    steady_clock::time_point minute_ends{};

    bool may_check() {
        auto const now = steady_clock::now();
        if (now >= minute_ends) {
            minute_ends = now + 1min;
            checked = 0;
        }
        return !closed && ++checked <= request.values_per_minute;
    }
};

/// The record, where the value is one and there is time for it in this minute.
std::optional<RecordEnvelope> examined(Watching& watching, ::dht::Value const& value,
                                       std::uint64_t now_seconds) {
    RecordPlace const place{watching.request.key, watching.request.kind, value.id};
    if (value.type != value_type(place.kind) || !is_plain(value) || !watching.may_check())
        return std::nullopt;
    auto record = admit_record(place, value.data, now_seconds);
    if (!record) return std::nullopt;
    return std::move(*record);
}

class OpendhtWatch final : public Watch {
public:
    OpendhtWatch(std::shared_ptr<OpendhtNode> node, WatchRequest request)
        : node_(std::move(node))
        , watching_(std::make_shared<Watching>()) {
        watching_->request = std::move(request);
        ::dht::ValueCallback on_values = [watching = watching_, weak = std::weak_ptr(node_)](
                                             std::vector<ValuePtr> const& values, bool expired) {
            auto const lives = weak.lock();
            if (!expired && lives) tell(watching, *lives, values);
            return true;  // OpenDHT is not made for a listen that ends while it is told of values
        };
        // OpenDHT answers a get from what a listen on the same key has heard, where the listen asks
        // for at least as much. But it hears no second value with an id that it knows, so a liar
        // who is faster would hide a record from collect() too. All records have no user type, and
        // collect() does not ask for that. (Any other Where, or a filter, and OpenDHT 2.4 tells of
        // nothing: it tries them on an empty value.)
        node_->with_dht([&](::dht::Dht& dht) {
            token_ = dht.listen(info_hash(watching_->request.key), std::move(on_values), {},
                                ::dht::Where().userType(""));
        });
    }

    ~OpendhtWatch() override {
        watching_->closed = true;
        if (token_ == 0) return;
        node_->with_dht(
            [&](::dht::Dht& dht) { dht.cancelListen(info_hash(watching_->request.key), token_); });
    }

    OpendhtWatch(OpendhtWatch const&) = delete;
    OpendhtWatch& operator=(OpendhtWatch const&) = delete;

private:
    static void tell(std::shared_ptr<Watching> const& watching, OpendhtNode& node,
                     std::vector<ValuePtr> const& values) {
        auto const now = node.clock().unix_seconds();
        for (auto const& value : values) {
            auto record = value ? examined(*watching, *value, now) : std::nullopt;
            if (!record) continue;
            // Later: who is told may call the service, and OpenDHT is at work.
            asio::post(node.owner(), [watching, record = std::move(*record)] {
                if (!watching->closed) watching->request.on_record(record);
            });
        }
    }

    std::shared_ptr<OpendhtNode> node_;
    std::shared_ptr<Watching> watching_;
    std::size_t token_ = 0;
};

}  // namespace

std::unique_ptr<Watch> watch_at(std::shared_ptr<OpendhtNode> const& node, WatchRequest request) {
    return std::make_unique<OpendhtWatch>(node, std::move(request));
}

}  // namespace satchel::location
