// Values of Satchel as JSON, for the local socket and `--json`: keys as DESIGN.md section 8 names
// them.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/core/file_label.h"
#include "src/core/lookup_report.h"

namespace satchel::node {

/// All of a report, more than `lookup --json` shows.
nlohmann::json json_of(LookupReport const& report);
Result<LookupReport> lookup_report_of(nlohmann::json const& json);

nlohmann::json json_of(FileLabel const& label);
Result<FileLabel> file_label_of(nlohmann::json const& json);

/// Reads of JSON that came from another process: the value, or Fault::usage naming the key.
Result<std::string> text_at(nlohmann::json const& object, char const* key);
Result<std::uint64_t> number_at(nlohmann::json const& object, char const* key);
Result<bool> flag_at(nlohmann::json const& object, char const* key);
Result<Bytes> base64_at(nlohmann::json const& object, char const* key);
Result<std::vector<std::string>> texts_at(nlohmann::json const& object, char const* key);

/// base64, or null where there is nothing.
nlohmann::json base64_or_null(ByteSpan bytes);

}  // namespace satchel::node
