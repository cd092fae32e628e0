// An e-mail address in normal form: domain as lower-case A-labels, local part unquoted where it may
// be, ASCII letters lower-cased, nothing else folded (RFC 5321 §4.1.2, RFC 5891).
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/result.h"

namespace satchel {

class Address {
public:
    /// Accepts `local@domain` with a quoted or plain, ASCII or UTF-8 local part, and a U-label or
    /// A-label domain. Refuses (Fault::usage) what is over 254 octets, has no domain, control
    /// characters, or a domain IDNA refuses.
    static Result<Address> parse(std::string_view text);

    std::string const& local() const { return local_; }  ///< unquoted value

    std::string const& domain() const {
        return domain_;
    }  ///< A-labels, or an address literal `[…]`

    /// `local@domain`, with the local part quoted where it must be. Equal addresses have equal
    /// texts.
    std::string const& text() const { return text_; }

    /// `user@[192.0.2.1]`: mail goes there, storage does not exist.
    bool is_literal() const { return domain_.starts_with('['); }

    /// For `user+tag@domain`: `user@domain`. None without a non-empty user and a plus sign.
    std::optional<Address> without_subaddress() const;

    friend auto operator<=>(Address const& a, Address const& b) { return a.text_ <=> b.text_; }

    friend bool operator==(Address const& a, Address const& b) { return a.text_ == b.text_; }

private:
    Address(std::string local, std::string domain);

    std::string local_;
    std::string domain_;
    std::string text_;
};

/// A domain in lower-case A-labels (IDNA 2008), for configuration and DNS names.
Result<std::string> normal_domain(std::string_view domain);

}  // namespace satchel
