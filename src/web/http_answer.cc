#include "src/web/http_answer.h"

#include "src/node/local_message.h"
#include "src/web/http_request.h"

namespace satchel::web {

namespace {

constexpr char const* page_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// Whatever an attachment is, nothing in it runs, loads, submits, or leaves its frame.
constexpr char const* content_policy =
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

// No browser shows a PDF in a sandbox. Its type is sure, nosniff keeps it so, and the browser's own
// viewer, in a process and an origin of its own, is all that ever sees it.
constexpr char const* pdf_policy =
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; object-src 'self'; "
    "plugin-types application/pdf; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

constexpr char const* usual_fields =
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Cache-Control: no-store\r\n"
    "Permissions-Policy: camera=(), microphone=(), geolocation=()\r\n";

std::string first_line(unsigned status) {
    struct Phrase {
        unsigned status;
        char const* words;
    };

    for (Phrase const& one :
         {Phrase{200, "OK"}, Phrase{204, "No Content"}, Phrase{206, "Partial Content"},
          Phrase{303, "See Other"}, Phrase{400, "Bad Request"}, Phrase{401, "Unauthorized"},
          Phrase{403, "Forbidden"}, Phrase{404, "Not Found"}, Phrase{405, "Method Not Allowed"},
          Phrase{408, "Request Timeout"}, Phrase{413, "Content Too Large"},
          Phrase{416, "Range Not Satisfiable"}, Phrase{431, "Request Header Fields Too Large"},
          Phrase{503, "Service Unavailable"}, Phrase{504, "Gateway Timeout"},
          Phrase{507, "Insufficient Storage"}})
        if (one.status == status)
            return "HTTP/1.1 " + std::to_string(status) + ' ' + one.words + "\r\n";
    return "HTTP/1.1 " + std::to_string(status) + " Error\r\n";
}

/// For a header line: what others wrote must not begin another one.
std::string line_safe(std::string text) {
    for (char& c : text)
        if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '_';
    return text;
}

}  // namespace

unsigned status_of(Fault fault) {
    switch (fault) {
        case Fault::usage:
            return 400;
        case Fault::not_found:
            return 404;
        case Fault::refused:
        case Fault::untrusted:
            return 403;
        case Fault::too_large:
            return 413;
        case Fault::no_space:
            return 507;
        case Fault::unavailable:
            return 503;
        case Fault::timed_out:
            return 504;
        case Fault::config:
        case Fault::corrupt:
        case Fault::io:
            return 500;
    }
    return 500;
}

HttpAnswer answer_of(Error const& error) {
    HttpAnswer answer;
    answer.status = status_of(error.fault);
    answer.body = node::encode_error(error);
    return answer;
}

std::string head_of(HttpAnswer const& answer) {
    std::string head = first_line(answer.status);
    head += "Content-Type: " + answer.type + "\r\n";
    head += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n";
    head += std::string("Content-Security-Policy: ") + page_policy + "\r\n";
    head += "X-Frame-Options: DENY\r\nCross-Origin-Opener-Policy: same-origin\r\n";
    head += usual_fields;
    for (auto const& [name, value] : answer.fields)
        head += name + ": " + line_safe(value) + "\r\n";
    if (answer.close) head += "Connection: close\r\n";
    return head + "\r\n";
}

std::string event_stream_head() {
    return first_line(200) +
           "Content-Type: text/event-stream\r\nX-Accel-Buffering: no\r\nConnection: close\r\n" +
           usual_fields + "\r\n";
}

std::string head_of(ContentHead const& content) {
    std::uint64_t const length = content.range ? content.range->bytes() : content.bytes;
    bool const preview = !content.type.empty();
    std::string head = first_line(content.range ? 206 : 200);
    head += "Content-Type: " + (preview ? content.type : "application/octet-stream") + "\r\n";
    head += "Content-Length: " + std::to_string(length) + "\r\n";
    if (content.range) {
        head += "Content-Range: bytes " + std::to_string(content.range->first) + '-' +
                std::to_string(content.range->last) + '/' + std::to_string(content.bytes) + "\r\n";
    }
    head += preview ? "Content-Disposition: inline\r\n"
                    : "Content-Disposition: attachment; filename*=UTF-8''" +
                          percent_encoded(content.name) + "\r\n";
    head += "Accept-Ranges: bytes\r\nETag: \"" + content.tag + "\"\r\n";
    bool const pdf = content.type == "application/pdf";
    head += std::string("Content-Security-Policy: ") + (pdf ? pdf_policy : content_policy) + "\r\n";
    head += usual_fields;
    if (!content.keep_alive) head += "Connection: close\r\n";
    return head + "\r\n";
}

}  // namespace satchel::web
