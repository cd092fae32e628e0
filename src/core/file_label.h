// What the owner of a storage node sees of a blob: sealed for them in the offer's label (a small
// age file). Bytes: src/core/FORMATS.md, "Label".
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "src/base/bytes.h"
#include "src/base/result.h"

namespace satchel {

struct FileLabel {
    std::string name;               ///< as the sender wrote it: never a path until sanitised
    std::string type;               ///< media type
    std::uint64_t bytes = 0;        ///< of the content
    std::array<Byte, 32> sha256{};  ///< of the content
    std::string message_id;
    std::string sender;
    std::string subject;
    /// "" where the content is the file itself. Else its Content-Transfer-Encoding: the content is
    /// then the encoded text as it stood in the mail (verbatim mode), and the blob holds it
    /// deflated.
    std::string encoding{};

    friend bool operator==(FileLabel const&, FileLabel const&) = default;
};

Bytes encode_label(FileLabel const& label);
Result<FileLabel> decode_label(ByteSpan bytes);

/// A file name that is safe to create in a folder: no separators, control characters, leading dots
/// or device names, at most 200 octets of valid UTF-8; "attachment" where nothing is left.
std::string safe_file_name(std::string const& name);

}  // namespace satchel
