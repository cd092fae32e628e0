// The port to DNS: the TXT records of a name, and whether DNSSEC vouches for them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/base/asio.h"
#include "src/base/result.h"

namespace satchel::location {

enum class Dnssec {
    insecure,  ///< nobody signed it, or no anchor to check it by is here
    secure,    ///< signed, and the signatures lead to our anchor
};

struct TxtAnswer {
    std::vector<std::string> texts;  ///< each with its strings joined, at most 16 of them
    std::uint32_t ttl = 0;           ///< seconds
    Dnssec dnssec = Dnssec::insecure;
};

/// Owner's thread; destroyed only after the owner's io_context has stopped running.
class DnsResolver {
public:
    DnsResolver() = default;
    DnsResolver(DnsResolver const&) = delete;
    DnsResolver& operator=(DnsResolver const&) = delete;
    virtual ~DnsResolver() = default;

    /// Answers within seconds, one way or the other. Faults: not_found, when the name or its TXT
    /// records don't exist; untrusted, when DNSSEC says that the answer was tampered with;
    /// unavailable or timed_out, when nobody could be asked, which says nothing of the name.
    virtual asio::awaitable<Result<TxtAnswer>> txt(std::string name) = 0;

    /// Ends all that waits (Fault::unavailable). Idempotent.
    virtual void stop() = 0;
};

}  // namespace satchel::location
