// How the location service does in a network of N nodes, all in this process on loopback: JSON
// lines, of which dht_scale.py makes docs/scale.md. Usage: dht_scale N [--wan] [--lookups | --cold]
// --wan: 25 ms each way and 1 % of all datagrams lost.
// --lookups: nothing else, which takes five minutes less. --cold: 300 whole answers with Argon2id.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/bench/scale_measures.h"

using namespace satchel;
using namespace satchel::bench;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t users = 100;
constexpr std::size_t attacked_keys = 5;
constexpr std::size_t junk_values = 1'000;
constexpr std::size_t lookups = 300;
constexpr unsigned cold_rounds = 6;

/// As many as there are fresh pairs of a reader and an attacked key, in the smallest network.
std::size_t attacked_lookups(std::size_t size) {
    return size >= 256 ? lookups : 60;
}

std::string load_average() {
    double load[1]{};
    return ::getloadavg(load, 1) == 1 ? std::to_string(load[0]) : "0";
}

enum class Which { all, lookups_only, cold_only };

void run(std::size_t size, bool wan, Which which) {
    std::string const profile = wan ? "wan" : "loopback";
    std::size_t const attacked = attacked_lookups(size);
    ScaleNetwork network;
    if (wan) {
        network.path.delay_by(25ms);
        network.path.lose(0.01);
    }
    ScaleMeasures measures(network, profile);
    double const memory_before = resident_mb();
    double const cpu_before = cpu_seconds();
    auto const began = std::chrono::steady_clock::now();
    network.grow_to(size);
    network.converge(20s);
    std::chrono::duration<double> const took = std::chrono::steady_clock::now() - began;
    double const nodes = static_cast<double>(size);
    measures.line("start")
        .add("seconds", took.count() - 20)
        .add("cpu_ms_per_node", (cpu_seconds() - cpu_before) * 1e3 / nodes)
        .add("memory_mb_per_node", (resident_mb() - memory_before) / nodes)
        .add("good_nodes", network.good_nodes_on_average())
        .add("load", std::stod(load_average()));
    if (which == Which::all) measures.watch("young", 30s);
    measures.publish(users);
    if (which == Which::cold_only) {
        for (unsigned round = 0; round < cold_rounds; ++round) {
            measures.renew_presences("put_presence");
            measures.resolve("resolve_cold", 50, true);
        }
        return;
    }
    measures.look_up("lookup", lookups, false);
    measures.renew_presences("put_presence");
    measures.resolve("resolve", 60, false);
    measures.renew_presences("put_presence_again");  // they are good for two minutes
    measures.resolve("resolve_cold", 20, true);
    if (which == Which::all) {
        // As long as the longest pause between two looks around.
        measures.presence(180s);
        measures.watch("idle", 180s);
    }
    measures.throw_junk(attacked_keys, junk_values);
    measures.look_up("lookup_junk", attacked, true);
    network.kill(0.3);
    measures.look_up("killed_junk", attacked, true);
    measures.look_up("killed", lookups, false);
    network.run_for(60s);
    measures.look_up("killed_60s_junk", attacked, true);
    measures.look_up("killed_60s", lookups, false);
    measures.line("end").add("load", std::stod(load_average()));
}

}  // namespace

int main(int count, char** arguments) {
    std::size_t const size = count > 1 ? std::strtoul(arguments[1], nullptr, 10) : 0;
    bool wan = false;
    auto which = Which::all;
    bool understood = size >= 2;
    for (int i = 2; i < count; ++i) {
        if (std::strcmp(arguments[i], "--wan") == 0)
            wan = true;
        else if (std::strcmp(arguments[i], "--lookups") == 0)
            which = Which::lookups_only;
        else if (std::strcmp(arguments[i], "--cold") == 0)
            which = Which::cold_only;
        else
            understood = false;
    }
    if (!understood) {
        std::fprintf(stderr, "usage: dht_scale N [--wan] [--lookups | --cold]\n");
        return 64;
    }
    run(size, wan, which);
    return 0;
}
