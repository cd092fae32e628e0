// Where two nodes meet that can't be dialled: each dials this gateway with the same token, and what
// one says reaches the other. They shake hands with each other, pinned, so that only ciphertext
// passes here. Nothing is kept.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "src/base/asio.h"
#include "src/base/sodium_randomness.h"
#include "src/core/keys.h"
#include "transfer/control_limits.h"
#include "transfer/relay_message.h"
#include "transfer/traffic.h"

namespace satchel::transfer {

/// Owner's thread. What takes part must end before the desk does.
class RelayDesk {
public:
    RelayDesk(asio::io_context& owner, RelayLimits const& limits, std::shared_ptr<Traffic> traffic);
    ~RelayDesk();

    /// Who wants to meet whom. Keys cost nothing, so addresses are counted, too.
    struct Parties {
        NodeKey caller;
        std::string caller_ip;
        NodeKey called;
    };

    /// A place where they will meet. Fault::unavailable: too many meetings.
    Result<RelayToken> open(Parties parties);

    /// Nobody will come.
    void close(RelayToken const& token);

    /// Takes one side's connection, whose greeting has been read. Returns when the meeting is over,
    /// at once where the token is good for nothing.
    asio::awaitable<void> take(asio::ip::tcp::socket socket, RelayGreeting greeting);

    /// Ends all meetings.
    void stop();

    std::uint64_t passed_bytes() const { return passed_bytes_; }

private:
    struct Meeting;

    asio::awaitable<void> hold(std::shared_ptr<Meeting> meeting);
    asio::awaitable<void> pass(std::shared_ptr<Meeting> meeting, RelaySide from);
    bool has_room_for(Parties const& parties) const;
    void sweep();

    asio::io_context& owner_;
    RelayLimits limits_;
    std::shared_ptr<Traffic> traffic_;
    SystemRandomness chance_;
    std::map<RelayToken, std::shared_ptr<Meeting>> meetings_;
    std::uint64_t passed_bytes_ = 0;
    bool stopped_ = false;
};

}  // namespace satchel::transfer
