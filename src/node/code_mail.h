// The mail that brings a one-time code to the address that wants to enroll.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "src/base/result.h"
#include "src/core/address.h"
#include "src/core/keys.h"

namespace satchel::node {

struct CodeMail {
    Address to;
    UserKey user_key;  ///< who asked
    std::string code;
    std::uint64_t now = 0;      ///< Unix seconds
    std::uint64_t expires = 0;  ///< Unix seconds
    std::string unique;         ///< of the Message-ID: hex
};

/// CR LF text (RFC 5322).
std::string code_mail_text(CodeMail const& mail);

/// Hands it to the gateway that runs in this home, for its next hop. Blocks. Fault::unavailable: no
/// gateway runs.
Status send_code_mail(CodeMail const& mail, std::filesystem::path const& gateway_socket);

}  // namespace satchel::node
