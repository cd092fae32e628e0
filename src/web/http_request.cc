#include "src/web/http_request.h"

#include <charconv>
#include <limits>

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "src/base/hex.h"

namespace satchel::web {

namespace {

namespace http = boost::beast::http;

using Message = http::request<http::empty_body>;

constexpr std::size_t query_fields_max = 32;

std::string_view view_of(boost::beast::string_view text) {
    return {text.data(), text.size()};
}

std::optional<std::uint64_t> number_in(std::string_view digits) {
    std::uint64_t value = 0;
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

template <class Name>
std::string value_of(Message const& message, Name name) {
    auto const field = message.find(name);
    return field == message.end() ? std::string() : std::string(view_of(field->value()));
}

/// Two of them, and another reader of the same bytes may believe the other one.
Status check_single_fields(Message const& message) {
    for (http::field const name :
         {http::field::host, http::field::origin, http::field::content_length, http::field::cookie,
          http::field::content_type, http::field::range}) {
        if (message.count(name) > 1)
            return fail(Fault::usage, std::string(view_of(http::to_string(name))) + " twice");
    }
    for (char const* const name : {"X-Satchel-Key", "Sec-Fetch-Site"})
        if (message.count(name) > 1) return fail(Fault::usage, std::string(name) + " twice");
    if (message.count(http::field::host) == 0) return fail(Fault::usage, "no Host");
    if (message.count(http::field::transfer_encoding) > 0)
        return fail(Fault::usage, "bodies here have a Content-Length");
    return {};
}

transfer::Method method_of(http::verb verb) {
    if (verb == http::verb::get) return transfer::Method::get;
    if (verb == http::verb::head) return transfer::Method::head;
    if (verb == http::verb::post) return transfer::Method::post;
    return transfer::Method::other;
}

Status read_target(std::string_view target, HttpRequest& out) {
    auto const mark = target.find('?');
    auto path = percent_decoded(target.substr(0, mark), false);
    if (!target.starts_with('/') || target.find('#') != std::string_view::npos || !path)
        return fail(Fault::usage, "not a path");
    out.path = std::move(*path);
    if (mark == std::string_view::npos) return {};
    std::string_view rest = target.substr(mark + 1);
    while (!rest.empty() && out.query.size() < query_fields_max) {
        auto const end = rest.find('&');
        std::string_view const field = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        auto const equals = field.find('=');
        auto const name = percent_decoded(field.substr(0, equals), true);
        auto const value = equals == std::string_view::npos
                               ? std::optional<std::string>("")
                               : percent_decoded(field.substr(equals + 1), true);
        if (!name || !value) return fail(Fault::usage, "not a query");
        out.query.emplace(*name, *value);
    }
    return {};
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_blank) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '+' && plus_is_blank) {
            c = ' ';
        } else if (c == '%') {
            std::string digits(text.substr(i + 1, 2));
            for (char& digit : digits)
                if (digit >= 'A' && digit <= 'F') digit = static_cast<char>(digit - 'A' + 'a');
            auto const byte = digits.size() == 2 ? from_hex(digits) : Bytes();
            if (!byte || byte->size() != 1) return std::nullopt;
            c = static_cast<char>(byte->front());
            i += 2;
        }
        if (c == '\0') return std::nullopt;
        out += c;
    }
    return out;
}

std::string percent_encoded(std::string_view text) {
    std::string out;
    for (char const c : text) {
        bool const plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            out += c;
        } else {
            out += '%' + to_hex(bytes_of({&c, 1}));
        }
    }
    return out;
}

std::string HttpRequest::query_text(std::string const& name) const {
    auto const found = query.find(name);
    return found == query.end() ? "" : found->second;
}

std::uint64_t HttpRequest::query_number(std::string const& name, std::uint64_t otherwise) const {
    return number_in(query_text(name)).value_or(otherwise);
}

std::string HttpRequest::cookie_named(std::string_view name) const {
    std::string_view rest = cookie;
    while (!rest.empty()) {
        auto const end = rest.find(';');
        std::string_view pair = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        while (pair.starts_with(' '))
            pair.remove_prefix(1);
        auto const equals = pair.find('=');
        if (equals != std::string_view::npos && pair.substr(0, equals) == name)
            return std::string(pair.substr(equals + 1));
    }
    return "";
}

Result<HttpRequest> parse_http_request(std::string_view head) {
    http::request_parser<http::empty_body> parser;
    parser.header_limit(http_head_bytes_max);
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());
    boost::system::error_code error;
    std::size_t const used = parser.put(boost::asio::const_buffer(head.data(), head.size()), error);
    if (error == http::error::need_more) error = {};
    if (error) return fail(Fault::usage, "not HTTP: " + error.message());
    if (!parser.is_header_done() || used != head.size()) return fail(Fault::usage, "not one head");
    Message const& message = parser.get();
    if (message.version() != 11) return fail(Fault::usage, "not HTTP/1.1");
    if (auto single = check_single_fields(message); !single) return fail(single.error());
    HttpRequest request;
    request.method = method_of(message.method());
    if (auto read = read_target(view_of(message.target()), request); !read)
        return fail(read.error());
    request.host = value_of(message, http::field::host);
    request.origin = value_of(message, http::field::origin);
    request.fetch_site = value_of(message, "Sec-Fetch-Site");
    request.cookie = value_of(message, http::field::cookie);
    request.key = value_of(message, "X-Satchel-Key");
    request.range = value_of(message, http::field::range);
    std::string const type = value_of(message, http::field::content_type);
    request.content_type = type.substr(0, type.find(';'));
    if (message.count(http::field::content_length) > 0) {
        auto const length = number_in(value_of(message, http::field::content_length));
        if (!length) return fail(Fault::usage, "not a length");
        request.content_length = *length;
    }
    request.keep_alive = message.keep_alive();
    return request;
}

}  // namespace satchel::web
