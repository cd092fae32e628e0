// Blobs and seals that live in memory: each opened by its own grant alone.
#pragma once

#include <algorithm>
#include <map>
#include <string>

#include "mailgw/content_source.h"
#include "src/base/unique_fd.h"
#include "src/core/content_id.h"

namespace satchel::testing {

class MemoryContentSource final : public mailgw::ContentSource {
public:
    struct Blob {
        Bytes grant;
        Bytes holds;  ///< as a depot stores it: deflated in mode verbatim
    };

    std::map<ContentId, Blob> blobs;
    int fetches = 0;

    static Bytes sealed(ByteSpan restore) {
        return copy_of(bytes_of(std::string(mark) + std::string(text_of(restore))));
    }

    Result<Bytes> open_restore(ByteSpan sealed) override {
        if (!text_of(sealed).starts_with(mark))
            return fail(Fault::refused, "not sealed for this home");
        return copy_of(sealed.subspan(mark.size()));
    }

    Status fetch(Reference const& blob, ByteSpan grant, int out) override {
        ++fetches;
        auto const found = blobs.find(blob.content_id);
        if (found == blobs.end()) return fail(Fault::not_found, "not stored here");
        if (!std::ranges::equal(found->second.grant, grant))
            return fail(Fault::refused, "no identity opens it");
        return write_all(out, found->second.holds);
    }

private:
    static constexpr std::string_view mark = "sealed:";
};

}  // namespace satchel::testing
