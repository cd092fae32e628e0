// Who we are to a next hop that wants to know (RFC 4954): a name, and where its password is kept.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/base/secret.h"

namespace satchel::mailgw {

class LoginBrake;

/// A short secret text. Wiped with its object.
class SecretText {
public:
    static constexpr std::size_t octets_max = 4096;

    SecretText() = default;

    /// False, and nothing taken, where there is no room.
    bool append(ByteSpan more);

    bool append(std::string_view more) { return append(bytes_of(more)); }

    /// What was appended so far, in base64.
    Result<SecretText> in_base64() const;

    ByteSpan view() const { return ByteSpan(octets_.view()).first(size_); }

private:
    Secret<octets_max> octets_;
    std::size_t size_ = 0;
};

struct HopLogin {
    std::string user;                     ///< "": nobody asks
    std::filesystem::path password_file;  ///< "": environment SATCHEL_NEXT_HOP_PASSWORD

    LoginBrake* brake = nullptr;  ///< null: every try counts

    bool wanted() const { return !user.empty(); }
};

/// Read anew at each login, so that a mended file needs no restart; one line end at its end does
/// not count. Fault::config for a file that others may read, that is missing, empty, or no text,
/// and where there is no password at all.
Result<SecretText> load_password(HopLogin const& login);

}  // namespace satchel::mailgw
