#include "src/web/sessions.h"

#include <algorithm>

#include "src/base/hex.h"

namespace satchel::web {

namespace {

constexpr std::size_t tokens_max = 16;
constexpr std::size_t sessions_max = 32;
constexpr std::size_t tickets_max = 2'000;

Sha256Digest digest_of(std::string const& text) {
    return sha256(bytes_of(text));
}

/// Makes room for one more: the one that was used longest ago goes.
template <class Map, class When>
void keep_below(Map& map, std::size_t most, When const& when) {
    if (map.size() < most) return;
    map.erase(std::ranges::min_element(
        map, [&](auto const& a, auto const& b) { return when(a.second) < when(b.second); }));
}

}  // namespace

std::string Sessions::secret() {
    return to_hex(randomness_.array<32>());
}

void Sessions::drop_old() {
    auto const now = clock_.unix_seconds();
    std::erase_if(tokens_, [&](auto const& one) { return one.second < now; });
    std::erase_if(sessions_, [&](auto const& one) { return one.second.used + idle_seconds < now; });
    std::erase_if(tickets_, [&](auto const& one) {
        return one.second.used + ticket_seconds < now || !sessions_.contains(one.second.session);
    });
}

std::string Sessions::make_token() {
    drop_old();
    keep_below(tokens_, tokens_max, [](std::uint64_t until) { return until; });
    std::string token = secret();
    tokens_.emplace(digest_of(token), clock_.unix_seconds() + token_seconds);
    return token;
}

std::optional<Sessions::Halves> Sessions::redeem(std::string const& token) {
    drop_old();
    if (tokens_.erase(digest_of(token)) == 0) return std::nullopt;
    keep_below(sessions_, sessions_max, [](Session const& one) { return one.used; });
    Halves halves{secret(), secret()};
    sessions_.emplace(digest_of(halves.cookie),
                      Session{digest_of(halves.key), clock_.unix_seconds()});
    return halves;
}

bool Sessions::knows(std::string const& cookie) {
    drop_old();
    auto const found = sessions_.find(digest_of(cookie));
    if (cookie.empty() || found == sessions_.end()) return false;
    found->second.used = clock_.unix_seconds();
    return true;
}

bool Sessions::permits(std::string const& cookie, std::string const& key) {
    if (!knows(cookie)) return false;
    return equal_in_constant_time(sessions_.at(digest_of(cookie)).key, digest_of(key));
}

void Sessions::end(std::string const& cookie) {
    sessions_.erase(digest_of(cookie));
    drop_old();
}

std::string Sessions::make_ticket(std::string const& cookie, Ticket ticket) {
    keep_below(tickets_, tickets_max, [](Issued const& one) { return one.used; });
    std::string name = secret();
    tickets_.emplace(digest_of(name), Issued{ticket, digest_of(cookie), clock_.unix_seconds()});
    return name;
}

std::optional<Ticket> Sessions::find_ticket(std::string const& cookie, std::string const& name) {
    if (!knows(cookie)) return std::nullopt;
    auto const found = tickets_.find(digest_of(name));
    if (found == tickets_.end() || found->second.session != digest_of(cookie)) return std::nullopt;
    found->second.used = clock_.unix_seconds();
    return found->second.ticket;
}

}  // namespace satchel::web
