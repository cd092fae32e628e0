// `satchel:1:<ContentId>:<blob bytes>`: what a placeholder's last line says, and `get` takes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/result.h"
#include "src/core/content_id.h"

namespace satchel {

struct Reference {
    ContentId content_id;
    std::uint64_t blob_bytes = 0;

    static Result<Reference> parse(std::string_view text);
    std::string to_string() const;

    /// The first reference in a text, if any.
    static std::optional<Reference> find_in(std::string_view text);

    friend bool operator==(Reference const&, Reference const&) = default;
};

/// What a person may name an attachment by: its content id, or a reference. Fault::usage otherwise.
Result<ContentId> content_id_in(std::string const& text);

}  // namespace satchel
