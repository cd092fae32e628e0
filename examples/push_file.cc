// Brings a file into somebody's storage, through the node that runs in a home, and tells how far it
// is.
//   g++ push_file.cc $(pkg-config --cflags --libs satchel) -o push_file
//   ./push_file HOME FILE ADDRESS
#include <cstdio>
#include <string>

#include <fcntl.h>

#include "src/core/home.h"
#include "src/node/local_api_client.h"

namespace {

using namespace satchel;

Result<node::Json> push(std::string const& home, std::string const& path,
                        std::string const& address) {
    auto file = open_file(path, O_RDONLY);
    if (!file) return fail(file.error());
    auto const bytes = file_size(file->get());
    if (!bytes) return fail(bytes.error());
    auto client = node::LocalApiClient::connect(Home(home).node_socket());
    if (!client) return fail(client.error());
    // The node reads the open file: it never opens a path for somebody else.
    node::LocalRequest const request{.verb = "push",
                                     .args = {{"name", path.substr(path.rfind('/') + 1)},
                                              {"recipients", {address}},
                                              {"bytes", *bytes}},
                                     .settings = {}};
    return client->call(request, {file->get()}, [](node::Json const& step) {
        std::fprintf(stderr, "%llu of %llu bytes\n", step.value("done", 0ULL),
                     step.value("total", 0ULL));
    });
}

}  // namespace

int main(int count, char** words) {
    if (count != 4) {
        std::fputs("usage: push_file HOME FILE ADDRESS\n", stderr);
        return 64;
    }
    auto const done = push(words[1], words[2], words[3]);
    if (!done) {
        std::fprintf(stderr, "%s\n", done.error().what.c_str());
        return 1;
    }
    for (auto const& recipient : done->at("recipients")) {
        bool const there = !recipient.at("receipt").is_null();
        std::printf("%s: %s\n", recipient.value("address", "").c_str(),
                    there ? "delivered, receipt in hand" : recipient.value("reason", "").c_str());
    }
    return done->value("delivered", false) ? 0 : 1;
}
