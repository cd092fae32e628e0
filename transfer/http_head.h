// Heads of HTTP/1.1 requests and answers as values: Beast parses them, whole and bounded; bodies
// never pass here. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/result.h"

namespace satchel::transfer {

enum class Method { get, head, put, post, other };

/// First and last byte, as in RFC 9110 §14.
struct ByteRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;  ///< inclusive, at least `first`

    std::uint64_t bytes() const { return last - first + 1; }

    friend bool operator==(ByteRange const&, ByteRange const&) = default;
};

/// `Content-Range: bytes FIRST-LAST/TOTAL`. RFC 9110 knows one range; what is sent to fill several
/// gaps names them all, with commas, and its body has them one after the other.
struct ContentRange {
    ByteRange range;
    std::uint64_t total = 0;
    std::vector<ByteRange> more{};  ///< behind `range`, in order, with something between each two

    std::uint64_t bytes() const {
        std::uint64_t sum = range.bytes();
        for (ByteRange const& one : more)
            sum += one.bytes();
        return sum;
    }

    friend bool operator==(ContentRange const&, ContentRange const&) = default;
};

struct RequestHead {
    Method method = Method::other;
    std::string target;
    std::string host;  ///< value of Host, "" if none
    std::optional<std::uint64_t> content_length;
    std::string range;          ///< value of Range, "" if none
    std::string content_range;  ///< value of Content-Range, "" if none
    std::string device;         ///< value of Satchel-Device, "" if none
    bool masked = false;        ///< `Satchel-Body: masked`: the body goes beside TLS, or should
    bool keep_alive = true;
};

struct AnswerHead {
    unsigned status = 0;
    std::uint64_t content_length = 0;
    std::string content_range;
    bool masked = false;  ///< as above
    bool keep_alive = true;
};

/// Length of the head at the start of `bytes`, its empty line included; 0 while it is not whole.
/// `searched` bytes were looked at before.
std::size_t head_length(std::string_view bytes, std::size_t searched);

/// `head` is exactly one head. Fault::usage for what is not HTTP/1.1, has a Transfer-Encoding, or
/// contradicts itself, as by two Hosts.
Result<RequestHead> parse_request_head(std::string_view head);
Result<AnswerHead> parse_answer_head(std::string_view head);

/// A single range within `total` bytes; open and suffix forms too. Fault::usage: no such form.
/// Fault::too_large: outside.
Result<ByteRange> parse_range(std::string_view value, std::uint64_t total);
/// At most control_limits::gaps_at_once of them.
Result<ContentRange> parse_content_range(std::string_view value);

/// Heads that we send.
struct RequestLine {
    Method method = Method::get;
    std::string target;
    std::optional<std::uint64_t> content_length;
    std::optional<ContentRange> content_range;
    std::optional<ByteRange> range;
    std::string device;
    bool masked = false;
};

std::string write_request_head(RequestLine const& request);

struct AnswerLine {
    unsigned status = 200;
    std::uint64_t content_length = 0;
    std::string_view content_type = "application/msgpack";
    std::optional<ContentRange> content_range;
    bool masked = false;
    bool keep_alive = true;
};

std::string write_answer_head(AnswerLine const& answer);

}  // namespace satchel::transfer
