#include "src/node/presence_secret.h"

#include <algorithm>

#include "src/base/atomic_file.h"

namespace satchel::node {

Result<PresenceSecret> presence_secret_of(Home const& home, Randomness& randomness) {
    auto const file = home.root() / "keys" / "presence.secret";
    PresenceSecret secret{};
    auto const stored = read_whole_file(file, secret.size());
    if (stored && stored->size() == secret.size()) {
        std::copy(stored->begin(), stored->end(), secret.begin());
        return secret;
    }
    if (stored || stored.error().fault != Fault::not_found) {
        return fail(Fault::config,
                    file.string() + " is damaged; remove it and a new one will be made");
    }
    secret = randomness.array<32>();
    if (auto written = write_atomically(file, secret); !written) return fail(written.error());
    return secret;
}

}  // namespace satchel::node
