// What the bench of scale measures on a network, each as one line of JSON.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "dht/record_keeper.h"
#include "tests/bench/scale_network.h"
#include "tests/support/stock_dht_node.h"
#include "tests/support/storage_user.h"

namespace satchel::bench {

/// Writes {"n": …, "profile": …, "what": …, and what was measured} to stdout.
class JsonLine {
public:
    JsonLine(std::size_t nodes, std::string const& profile, std::string const& what);
    ~JsonLine();
    JsonLine(JsonLine const&) = delete;
    JsonLine& operator=(JsonLine const&) = delete;

    JsonLine& add(std::string const& name, double value);
    /// `text` without quotes and control characters.
    JsonLine& add(std::string const& name, std::string const& text);
    /// Median, 95th percentile and largest as NAME_p50, NAME_p95 and NAME_max.
    JsonLine& add(std::string const& name, std::vector<double> values);

private:
    std::string text_;
};

/// User and system CPU of this process so far, in seconds.
double cpu_seconds();
/// Memory of this process that is in RAM, in MB (10^6 bytes).
double resident_mb();

class ScaleMeasures {
public:
    ScaleMeasures(ScaleNetwork& network, std::string profile)
        : network_(network)
        , profile_(std::move(profile)) {}

    /// Each user's storage record, from some node.
    void publish(std::size_t users);
    /// Each user's presence, from some node; good for two minutes.
    void renew_presences(std::string const& what);

    /// `count` fetches of one slot, by nodes that have not asked for this key before.
    void look_up(std::string const& what, std::size_t count, bool attacked);

    /// Whole answers of AddressResolver; `cold`: with Argon2id.
    void resolve(std::string const& what, std::size_t count, bool cold);

    /// A stock node close to the keys of the first `keys` users puts `values` junk values on each.
    void throw_junk(std::size_t keys, std::size_t values);

    /// Each node keeps a presence of its own alive.
    void presence(std::chrono::seconds span);

    /// CPU and traffic of a network that is left alone.
    void watch(std::string const& what, std::chrono::seconds span);

    JsonLine line(std::string const& what) const {
        return JsonLine(network_.size(), profile_, what);
    }

private:
    struct Published {
        std::unique_ptr<testing::StorageUser> user;
        RecordEnvelope storage;
    };

    struct PutFigures {
        std::vector<double> took;
        std::vector<double> requests;
        std::vector<double> datagrams;
        std::vector<double> bytes;
    };

    struct Pair {
        std::size_t reader;
        std::size_t user;
    };

    /// One that was not drawn before: OpenDHT remembers for an hour who answered a search.
    Pair draw(bool attacked);
    void put(RecordEnvelope const& record, PutFigures& figures);
    void report_puts(std::string const& what, PutFigures const& figures) const;

    ScaleNetwork& network_;
    std::string profile_;
    std::vector<Published> published_;
    std::size_t attacked_ = 0;
    std::vector<std::unique_ptr<testing::StockDhtNode>> attackers_;
    std::vector<std::unique_ptr<location::RecordKeeper>> keepers_;
    std::set<std::pair<std::size_t, std::size_t>> drawn_;
};

}  // namespace satchel::bench
