// Watches the node that runs in a home: a line whenever what it stores or moves has changed.
//   g++ watch_node.cc $(pkg-config --cflags --libs satchel) -o watch_node
//   ./watch_node HOME [SECONDS]     ends after so long, or with the node
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>

#include "src/core/home.h"
#include "src/node/local_api_client.h"

namespace {

using namespace satchel;

struct Sight {
    unsigned long long blobs, stored, out, in, peers;

    friend bool operator==(Sight const&, Sight const&) = default;
};

Result<Sight> look(node::LocalApiClient& client) {
    auto const status =
        client.call({.verb = "status", .args = node::Json::object(), .settings = {}});
    if (!status) return fail(status.error());
    auto const& quota = status->at("quota");
    return Sight{quota.value("blobs", 0ULL), quota.value("used", 0ULL),
                 status->value("uploaded_bytes", 0ULL), status->value("downloaded_bytes", 0ULL),
                 status->value("peers", 0ULL)};
}

Status watch(std::string const& home, std::chrono::seconds patience) {
    auto client = node::LocalApiClient::connect(Home(home).node_socket());
    if (!client) return fail(client.error());
    auto const end = std::chrono::steady_clock::now() + patience;
    std::optional<Sight> last;
    do {
        auto const now = look(*client);
        if (!now) return fail(now.error());
        if (last != *now) {
            std::printf("%llu attachments, %llu bytes; %llu bytes out, %llu in; %llu DHT peers\n",
                        now->blobs, now->stored, now->out, now->in, now->peers);
            std::fflush(stdout);
        }
        last = *now;
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
    } while (std::chrono::steady_clock::now() < end);
    return {};
}

}  // namespace

int main(int count, char** words) {
    if (count < 2) {
        std::fputs("usage: watch_node HOME [SECONDS]\n", stderr);
        return 64;
    }
    auto const done = watch(words[1], std::chrono::seconds(count > 2 ? std::atoi(words[2]) : 3600));
    if (done) return 0;
    std::fprintf(stderr, "%s\n", done.error().what.c_str());
    return 1;
}
