// A request of a browser, as the page's server understands it: one bounded head, read strictly.
// Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/result.h"
#include "transfer/http_head.h"

namespace satchel::web {

inline constexpr std::size_t http_head_bytes_max = 16 * 1024;
inline constexpr std::uint64_t http_body_bytes_max = 64 * 1024;

struct HttpRequest {
    transfer::Method method = transfer::Method::other;
    std::string path;                          ///< decoded, begins with a slash
    std::map<std::string, std::string> query;  ///< decoded; of names that stand twice, the first
    std::string host;
    std::string origin;      ///< "" where it is left out
    std::string fetch_site;  ///< Sec-Fetch-Site, "" where the browser does not say
    std::string cookie;
    std::string key;           ///< X-Satchel-Key
    std::string content_type;  ///< without parameters
    std::string range;
    std::uint64_t content_length = 0;
    bool keep_alive = true;

    /// "" where the query has no such name.
    std::string query_text(std::string const& name) const;
    /// `otherwise` where there is no such name, or it is no number.
    std::uint64_t query_number(std::string const& name, std::uint64_t otherwise) const;
    /// The value of a cookie, "" if there is none.
    std::string cookie_named(std::string_view name) const;
};

/// `head` is exactly one head with its empty line. Fault::usage for what is not HTTP/1.1, stands
/// twice, has no Host or a Transfer-Encoding, or a target that is not a path.
Result<HttpRequest> parse_http_request(std::string_view head);

/// Percent-decoding. None: not well-formed, or a NUL.
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_blank);

/// As RFC 8187 wants names in headers: everything but letters, digits and `-._~` is encoded.
std::string percent_encoded(std::string_view text);

}  // namespace satchel::web
