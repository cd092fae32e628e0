// A password that the next hop has refused is not shown to it again for a while: providers lock out
// who keeps trying.
#pragma once

#include <chrono>
#include <filesystem>
#include <mutex>
#include <optional>

#include "src/base/error.h"

namespace satchel::mailgw {

/// Of one account, for all who log in there. Thread-safe.
class LoginBrake {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// The server's words, while there is no use in trying: for smtp_limits::login_pause, unless
    /// the password's file has changed since.
    std::optional<Error> holds(std::filesystem::path const& password_file, Time now) const;

    void refused(std::filesystem::path const& password_file, Error words, Time now);

    /// Somebody asks for a try.
    void lift();

private:
    struct Refusal {
        Error words;
        Time until;
        std::filesystem::file_time_type file_written;
    };

    mutable std::mutex mutex_;
    std::optional<Refusal> refusal_;
};

}  // namespace satchel::mailgw
