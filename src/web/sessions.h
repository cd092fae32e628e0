// Who has shown that they own this home: one-time tokens from the command line become sessions,
// which live as long as the process. A session has two halves: a cookie, which no script can read,
// and a key, which no other port of this machine is ever sent. Both are asked for.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "src/base/clock.h"
#include "src/base/randomness.h"
#include "src/base/sha256.h"
#include "src/core/content_id.h"

namespace satchel::web {

/// One attachment that a session may fetch, under a name of its own that tells nobody anything.
struct Ticket {
    ContentId content_id;
    bool preview = false;  ///< shown in the page, where its format allows; else saved
};

/// Owner's thread.
class Sessions {
public:
    static constexpr std::uint64_t token_seconds = 120;
    static constexpr std::uint64_t idle_seconds = 7 * 24 * 3600;
    static constexpr std::uint64_t ticket_seconds = 6 * 3600;

    Sessions(Clock const& clock, Randomness& randomness)
        : clock_(clock)
        , randomness_(randomness) {}

    /// For one login within two minutes.
    std::string make_token();

    struct Halves {
        std::string cookie;
        std::string key;
    };

    /// None: never made, used already, or too old.
    std::optional<Halves> redeem(std::string const& token);

    /// Whether the cookie is of a living session, which lives on then.
    bool knows(std::string const& cookie);
    bool permits(std::string const& cookie, std::string const& key);
    void end(std::string const& cookie);

    /// Of a session that is known.
    std::string make_ticket(std::string const& cookie, Ticket ticket);
    std::optional<Ticket> find_ticket(std::string const& cookie, std::string const& name);

private:
    // By digests, so that looking something up tells nothing by its time.
    struct Session {
        Sha256Digest key{};
        std::uint64_t used = 0;  ///< Unix seconds
    };

    struct Issued {
        Ticket ticket;
        Sha256Digest session{};
        std::uint64_t used = 0;  ///< Unix seconds
    };

    std::string secret();
    void drop_old();

    Clock const& clock_;
    Randomness& randomness_;
    std::map<Sha256Digest, std::uint64_t> tokens_;  ///< until when
    std::map<Sha256Digest, Session> sessions_;
    std::map<Sha256Digest, Issued> tickets_;
};

}  // namespace satchel::web
