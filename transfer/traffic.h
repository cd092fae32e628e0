// What one node may send and take, over all its connections: rates, and how much memory the bodies
// under way share. Owner's thread.
#pragma once

#include <cstdint>
#include <functional>

#include "src/base/asio.h"
#include "transfer/token_bucket.h"

namespace satchel::transfer {

struct TrafficLimits {
    std::uint64_t upload = 0;    ///< bytes a second; 0: as fast as they can
    std::uint64_t download = 0;  ///< likewise

    friend bool operator==(TrafficLimits const&, TrafficLimits const&) = default;
};

class Traffic {
public:
    explicit Traffic(TrafficLimits limits = {})
        : upload_(limits.upload)
        , download_(limits.download) {}

    /// A body under way; while it lives, others have smaller chunks.
    class Body {
    public:
        explicit Body(Traffic& traffic)
            : traffic_(traffic) {
            ++traffic_.bodies_;
        }

        Body(Body const&) = delete;
        Body& operator=(Body const&) = delete;

        ~Body() { --traffic_.bodies_; }

    private:
        Traffic& traffic_;
    };

    enum class Way { up, down };

    std::size_t bodies() const { return bodies_; }

    /// From now on.
    void set_limits(TrafficLimits const& limits) {
        upload_.set_rate(limits.upload);
        download_.set_rate(limits.download);
    }

    /// Bytes to be moved at once by each of the bodies under way.
    std::size_t chunk_bytes(Way way) const;

    using StillWanted = std::function<bool()>;

    /// Returns when so many bytes may go, or nobody wants it any more.
    asio::awaitable<void> pass(Way way, std::uint64_t bytes, StillWanted still_wanted);

    /// Counts what has gone already; those after it wait.
    void count(Way way, std::uint64_t bytes);

private:
    TokenBucket& bucket(Way way) { return way == Way::up ? upload_ : download_; }

    TokenBucket upload_;
    TokenBucket download_;
    std::size_t bodies_ = 0;
};

}  // namespace satchel::transfer
