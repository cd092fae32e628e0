// Answers to a browser, each with the headers that keep what it carries from doing harm. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "src/base/error.h"
#include "transfer/http_head.h"

namespace satchel::web {

struct HttpAnswer {
    unsigned status = 200;
    std::string type = "application/json";
    std::string body{};
    std::vector<std::pair<std::string, std::string>> fields{};  ///< beside the usual ones
    bool close = false;                                         ///< ends the connection
};

/// The status that a Fault is told by.
unsigned status_of(Fault fault);

/// `{"error": {"fault", "message"}}`.
HttpAnswer answer_of(Error const& error);

/// With its body's length, and the headers of the page: a strict policy, no sniffing, no frames.
std::string head_of(HttpAnswer const& answer);

/// Before a stream of events, which ends with the connection.
std::string event_stream_head();

/// How an attachment is given to the browser.
struct ContentHead {
    std::string name;         ///< as saved; for a preview never shown by the browser
    std::string type;         ///< "" to save it: its format is nobody's business then
    std::uint64_t bytes = 0;  ///< of the file
    std::optional<transfer::ByteRange> range{};
    std::string tag;  ///< of this very content
    bool keep_alive = true;
};

std::string head_of(ContentHead const& content);

}  // namespace satchel::web
