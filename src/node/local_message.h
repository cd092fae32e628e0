// What travels over a home's local socket: one JSON object a line. A request may carry open files
// beside it, so that the node never opens a path on somebody's behalf. Replies: any number of
// {"progress": …}, then {"result": …} or {"error": …}.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "src/base/error.h"
#include "src/base/result.h"
#include "src/base/unique_fd.h"

namespace satchel::node {

using Json = nlohmann::json;

inline constexpr std::size_t local_request_bytes = 4 * 1024 * 1024;
inline constexpr std::size_t local_reply_bytes = 512 * 1024 * 1024;
inline constexpr std::size_t local_files_max = 4;

struct LocalRequest {
    std::string verb;
    Json args = Json::object();
    std::vector<std::string>
        settings;  ///< `--set` arguments of this request: [trust] and [domain] alone
};

std::string encode_request(LocalRequest const& request);
Result<LocalRequest> decode_request(std::string const& line);

std::string encode_progress(Json const& progress);
std::string encode_result(Json const& result);
std::string encode_error(Error const& error);

struct LocalReply {
    enum class Kind { progress, result, error } kind = Kind::error;
    Json body;
    Error error{Fault::io, ""};  ///< where kind is error
};

Result<LocalReply> decode_reply(std::string const& line);

/// The Fault of a word that to_string(Fault) wrote; io for others.
Fault fault_of(std::string const& word);

/// Sends all of `line`, with `files` beside its first byte. Blocks.
Status send_with_files(int socket, std::string const& line, std::vector<int> const& files);

/// One recvmsg(2): appends what came to `text` and to `files`. False at the end of the stream.
Result<bool> receive_with_files(int socket, std::string& text, std::vector<UniqueFd>& files);

}  // namespace satchel::node
