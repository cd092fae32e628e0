// What GMime makes of a message: its parts with their types, names and byte ranges, and the few
// header fields that the gateway needs. Values only: GMime stays inside.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mailgw/file_gaps.h"
#include "src/base/result.h"

namespace satchel::mailgw {

struct OutlineMultipart {
    std::string type;  ///< "multipart/mixed", lower case; or "message/rfc822"
    std::string boundary;
    std::optional<std::size_t> parent;  ///< index of what encloses it
};

struct OutlinePart {
    std::string type;                   ///< lower case, "text/plain" if the message says nothing
    std::string name;                   ///< decoded, valid UTF-8; "" if none
    std::string content_id;             ///< without angle brackets
    std::string transfer_encoding;      ///< lower case; "" if none
    bool attachment = false;            ///< Content-Disposition is other than inline
    bool placeholder = false;           ///< it carries X-Satchel-Part
    bool base64 = false;                ///< as GMime understands transfer_encoding
    std::optional<std::size_t> parent;  ///< index of what encloses it; none: the message is it
    std::optional<std::uint64_t> header_begin;  ///< of its first header field
    std::uint64_t body_begin = 0;
    std::uint64_t body_end = 0;
};

struct MessageOutline {
    std::string type;  ///< of the whole, "multipart/mixed"
    std::string message_id;
    std::string subject;
    std::string from;
    std::vector<std::string> header_recipients;
    std::vector<std::string> field_names;  ///< of the message's own header, lower case
    bool has_placeholder = false;          ///< a part carries X-Satchel-Part
    std::vector<OutlineMultipart> multiparts;
    std::vector<OutlinePart> parts;  ///< leaves, in order; and message/rfc822 parts themselves
    std::vector<std::string> used_content_ids;  ///< that HTML parts refer to by cid:
    bool all_content_ids_used = false;          ///< more of them than are kept
    std::string trouble;  ///< why the message must be left alone; "" if all is well
};

inline constexpr std::size_t parts_max = 1000;
inline constexpr std::size_t nesting_max = 32;
inline constexpr std::size_t header_recipients_max = 4096;
inline constexpr std::size_t subject_octets_max = 512;
inline constexpr std::size_t name_octets_max = 512;
inline constexpr std::size_t message_id_octets_max = 512;
inline constexpr std::size_t type_octets_max = 128;

/// Never fails for what the message says. Keeps header blocks, preambles and epilogues in memory
/// while it runs: bound them first (boundary_scan.h). What lies in `gaps` is not read, as if it
/// were not there: whole lines of contents. Any thread.
Result<MessageOutline> read_outline(int fd, FileGaps const& gaps = {});

}  // namespace satchel::mailgw
