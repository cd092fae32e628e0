#include "transfer/http_head.h"

#include <charconv>
#include <limits>
#include <utility>

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "transfer/control_limits.h"

namespace satchel::transfer {
namespace {

namespace http = boost::beast::http;

constexpr char const* body_field = "Satchel-Body";
constexpr char const* masked_body = "masked";

/// Digits alone: no sign, no blank, no overflow.
std::optional<std::uint64_t> parse_number(std::string_view digits) {
    std::uint64_t value = 0;
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

std::string_view view_of(boost::beast::string_view text) {
    return {text.data(), text.size()};
}

template <class Parser>
Status parse_whole(Parser& parser, std::string_view head) {
    parser.header_limit(control_limits::head_bytes);
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());
    boost::system::error_code error;
    std::size_t const used = parser.put(boost::asio::const_buffer(head.data(), head.size()), error);
    if (error == http::error::need_more) error = {};
    if (error) return fail(Fault::usage, "not HTTP: " + error.message());
    if (!parser.is_header_done() || used != head.size()) return fail(Fault::usage, "not one head");
    auto const& message = parser.get();
    if (message.version() != 11) return fail(Fault::usage, "not HTTP/1.1");
    if (message.count(http::field::transfer_encoding) > 0) {
        return fail(Fault::usage, "bodies here have a Content-Length");
    }
    if (message.count(http::field::content_length) > 1) {
        return fail(Fault::usage, "two lengths");
    }
    return {};
}

template <class Message>
Result<std::optional<std::uint64_t>> length_of(Message const& message) {
    auto const field = message.find(http::field::content_length);
    if (field == message.end()) return std::optional<std::uint64_t>();
    auto const length = parse_number(view_of(field->value()));
    if (!length) return fail(Fault::usage, "not a length");
    return length;
}

template <class Message, class Name>
std::string value_of(Message const& message, Name name) {
    auto const field = message.find(name);
    return field == message.end() ? std::string() : std::string(view_of(field->value()));
}

/// With any other word, or none, the body is inside TLS.
template <class Message>
bool is_masked(Message const& message) {
    return value_of(message, body_field) == masked_body;
}

Method method_of(http::verb verb) {
    if (verb == http::verb::get) return Method::get;
    if (verb == http::verb::head) return Method::head;
    if (verb == http::verb::put) return Method::put;
    if (verb == http::verb::post) return Method::post;
    return Method::other;
}

char const* word_of(Method method) {
    switch (method) {
        case Method::get:
        case Method::other:
            return "GET";
        case Method::head:
            return "HEAD";
        case Method::put:
            return "PUT";
        case Method::post:
            return "POST";
    }
    return "GET";
}

std::string range_text(ByteRange const& range) {
    return std::to_string(range.first) + "-" + std::to_string(range.last);
}

std::string field_of(ContentRange const& range) {
    std::string text = "Content-Range: bytes " + range_text(range.range);
    for (ByteRange const& one : range.more)
        text += "," + range_text(one);
    return text + "/" + std::to_string(range.total) + "\r\n";
}

std::string masked_line() {
    return std::string(body_field) + ": " + masked_body + "\r\n";
}

/// `FIRST-LAST`.
std::optional<ByteRange> parse_first_to_last(std::string_view value) {
    auto const dash = value.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    auto const first = parse_number(value.substr(0, dash));
    auto const last = parse_number(value.substr(dash + 1));
    if (!first || !last || *first > *last) return std::nullopt;
    return ByteRange{*first, *last};
}

}  // namespace

std::size_t head_length(std::string_view bytes, std::size_t searched) {
    std::size_t const from = searched < 3 ? 0 : searched - 3;
    auto const at = bytes.find("\r\n\r\n", from);
    return at == std::string_view::npos ? 0 : at + 4;
}

Result<RequestHead> parse_request_head(std::string_view head) {
    http::request_parser<http::empty_body> parser;
    if (auto status = parse_whole(parser, head); !status) return fail(status.error());
    auto const& message = parser.get();
    RequestHead request;
    request.method = method_of(message.method());
    request.target = std::string(view_of(message.target()));
    if (message.count(http::field::host) > 1) return fail(Fault::usage, "two Hosts");
    request.host = value_of(message, http::field::host);
    auto length = length_of(message);
    if (!length) return fail(length.error());
    request.content_length = *length;
    request.range = value_of(message, http::field::range);
    request.content_range = value_of(message, http::field::content_range);
    request.device = value_of(message, "Satchel-Device");
    request.masked = is_masked(message);
    request.keep_alive = message.keep_alive();
    return request;
}

Result<AnswerHead> parse_answer_head(std::string_view head) {
    http::response_parser<http::empty_body> parser;
    parser.skip(true);  // an answer to HEAD announces a body that never comes
    if (auto status = parse_whole(parser, head); !status) return fail(status.error());
    auto const& message = parser.get();
    auto const length = length_of(message);
    if (!length) return fail(length.error());
    if (!*length) return fail(Fault::usage, "an answer without a length");
    AnswerHead answer;
    answer.status = message.result_int();
    answer.content_length = **length;
    answer.content_range = value_of(message, http::field::content_range);
    answer.masked = is_masked(message);
    answer.keep_alive = message.keep_alive();
    return answer;
}

Result<ByteRange> parse_range(std::string_view value, std::uint64_t total) {
    auto const unknown = [] { return fail(Fault::usage, "only one range: bytes=FIRST-LAST"); };
    constexpr std::string_view unit = "bytes=";
    if (!value.starts_with(unit)) return unknown();
    value.remove_prefix(unit.size());
    auto const dash = value.find('-');
    if (dash == std::string_view::npos) return unknown();
    auto const first = parse_number(value.substr(0, dash));
    auto const last = parse_number(value.substr(dash + 1));
    if ((dash > 0 && !first) || (dash + 1 < value.size() && !last)) return unknown();
    if (!first && !last) return unknown();
    if (!first) {  // the last so many bytes
        if (*last == 0 || total == 0) return fail(Fault::too_large, "outside the blob");
        return ByteRange{total - std::min(*last, total), total - 1};
    }
    if (last && *last < *first) return unknown();
    if (*first >= total) return fail(Fault::too_large, "outside the blob");
    return ByteRange{*first, last ? std::min(*last, total - 1) : total - 1};
}

Result<ContentRange> parse_content_range(std::string_view value) {
    auto const wrong = [] {
        return fail(Fault::usage, "not bytes FIRST-LAST/TOTAL, with commas for more");
    };
    constexpr std::string_view unit = "bytes ";
    if (!value.starts_with(unit)) return wrong();
    value.remove_prefix(unit.size());
    auto const slash = value.find('/');
    if (slash == std::string_view::npos) return wrong();
    auto const total = parse_number(value.substr(slash + 1));
    if (!total) return wrong();
    value = value.substr(0, slash);
    std::vector<ByteRange> ranges;
    while (ranges.size() < control_limits::gaps_at_once) {
        auto const comma = value.find(',');
        auto const range = parse_first_to_last(value.substr(0, comma));
        bool const possible = range && range->last < *total &&
                              (ranges.empty() || range->first > ranges.back().last + 1);
        if (!possible) return wrong();
        ranges.push_back(*range);
        if (comma == std::string_view::npos)
            return ContentRange{ranges.front(), *total, {ranges.begin() + 1, ranges.end()}};
        value.remove_prefix(comma + 1);
    }
    return wrong();
}

std::string write_request_head(RequestLine const& request) {
    std::string head = std::string(word_of(request.method)) + " " + request.target +
                       " HTTP/1.1\r\nHost: satchel\r\n";
    if (request.content_length) {
        head += "Content-Length: " + std::to_string(*request.content_length) + "\r\n";
    }
    if (request.content_range) head += field_of(*request.content_range);
    if (request.range) {
        head += "Range: bytes=" + std::to_string(request.range->first) + "-" +
                std::to_string(request.range->last) + "\r\n";
    }
    if (request.masked) head += masked_line();
    if (!request.device.empty()) head += "Satchel-Device: " + request.device + "\r\n";
    return head + "\r\n";
}

std::string write_answer_head(AnswerLine const& answer) {
    auto const reason = http::obsolete_reason(static_cast<http::status>(answer.status));
    std::string head =
        "HTTP/1.1 " + std::to_string(answer.status) + " " + std::string(view_of(reason)) + "\r\n";
    if (answer.content_length > 0) {
        head += "Content-Type: " + std::string(answer.content_type) + "\r\n";
    }
    head += "Content-Length: " + std::to_string(answer.content_length) + "\r\n";
    if (answer.content_range) head += field_of(*answer.content_range);
    if (answer.masked) head += masked_line();
    if (!answer.keep_alive) head += "Connection: close\r\n";
    return head + "\r\n";
}

}  // namespace satchel::transfer
