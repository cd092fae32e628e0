// How results leave a verb: one JSON object a line on stdout with `--json`, human text otherwise.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "src/base/error.h"

namespace satchel::cli {

std::string text_of_json(nlohmann::json const& object);
void print_json(nlohmann::json const& object, std::FILE* to = stdout);
void print_line(std::string const& line, std::FILE* to = stdout);

/// Something could not be written to stdout; what is said from then on is lost.
bool output_is_lost();
/// Its reader has gone away, as `head` does when it has enough.
bool output_has_no_reader();

/// `satchel: what` on stderr, or `{"error": {"fault", "message"}}` on stdout, or `json_to`.
void print_error(Error const& error, bool json, std::FILE* json_to = stdout);

/// "2.1 GB", "640 KB", "17 B": decimal units, as file managers show them.
std::string human_size(std::uint64_t bytes);
/// "2026-11-24 06:10 UTC".
std::string human_time(std::uint64_t unix_seconds);

}  // namespace satchel::cli
