#include "mailgw/detach_proof.h"

#include <algorithm>

#include "mailgw/message_rebuilder.h"
#include "mailgw/placeholder_reader.h"
#include "src/base/hex.h"
#include "src/base/unique_fd.h"

namespace satchel::mailgw {

namespace {

/// The range that was decoded in the scan: the body, or what lies between its lead and trailer.
bool reads_the_body(DetachablePart const& part, RestoreData const& restore) {
    using Decoding = AttachmentSource::Decoding;
    bool const base64 = restore.mode == RestoreData::Mode::base64;
    std::uint64_t const lead = base64 ? restore.shape.lead.size() : 0;
    std::uint64_t const trailer = base64 ? restore.shape.trailer.size() : 0;
    return part.decoding == (base64 ? Decoding::base64 : Decoding::deflate_text) &&
           part.source_begin == part.body_begin + lead && part.source_end + trailer == part.end;
}

/// Whether the encoded restore data say what the body came back with, and belong to a message of
/// this size.
Result<RestoreData> prove_part(DetachablePart const& part, std::uint64_t message_bytes) {
    auto restore = decode_restore_data(part.restore);
    if (!restore) return fail(restore.error());
    if (*restore != part.proven)
        return fail(Fault::corrupt, "the restore data are not what was proven");
    if (!reads_the_body(part, *restore))
        return fail(Fault::corrupt, "the content is not what was proven");
    bool const fits = restore->message_bytes == message_bytes &&
                      restore->body_bytes == part.end - part.body_begin &&
                      restore->header_block.size() == part.body_begin - part.begin &&
                      restore->content_bytes == part.label.bytes &&
                      restore->content_sha256 == part.label.sha256;
    if (!fits) return fail(Fault::corrupt, "the restore data are of another message");
    return restore;
}

/// Compares what comes with a file from its start.
class Comparison {
public:
    explicit Comparison(int fd)
        : fd_(fd) {}

    Status take(ByteSpan octets) {
        original_.resize(octets.size());
        auto const got = read_at(fd_, original_, position_);
        if (!got) return fail(got.error());
        position_ += octets.size();
        bool const same = *got == octets.size() && std::ranges::equal(octets, original_);
        return same ? Status() : Status(fail(Fault::corrupt, "the copy is not the message"));
    }

    void skip(std::uint64_t octets) { position_ += octets; }

    std::uint64_t position() const { return position_; }

private:
    int fd_;
    Bytes original_;
    std::uint64_t position_ = 0;
};

bool says(FoundPlaceholder const& found, Placeholder const& placeholder, unsigned layer) {
    return found.reference == Reference{placeholder.content_id, placeholder.blob_bytes} &&
           found.grant == placeholder.grant && found.sealed_restore == placeholder.sealed_restore &&
           found.layer == layer;
}

}  // namespace

DetachProof::Parts DetachProof::prove_parts() const {
    auto const size = file_size(message_fd_);
    if (!size) return fail(size.error());
    std::vector<RestoreData> all;
    for (DetachablePart const& part : message_.parts) {
        auto proven = prove_part(part, *size);
        if (!proven) return fail(proven.error());
        all.push_back(std::move(*proven));
    }
    return all;
}

Status DetachProof::check(int copy_fd, std::vector<Placeholder> const& placeholders) const {
    if (placeholders.size() != message_.parts.size())
        return fail(Fault::usage, "one placeholder is needed for each part");
    if (!parts_) return fail(parts_.error());
    auto const found = find_placeholder_parts(copy_fd);
    if (!found) return fail(found.error());
    Comparison comparison(message_fd_);
    std::vector<PutBack> parts;
    for (PlaceholderPart const& part : *found) {
        // Others were in the message as it came.
        std::size_t const next = parts.size();
        if (next == placeholders.size()) break;
        if (part.found.part_id != to_hex(placeholders[next].part_id)) continue;
        if (!part.trouble.empty() || !says(part.found, placeholders[next], message_.layer))
            return fail(Fault::corrupt, "a placeholder can't be read again");
        // The body was rebuilt in the scan.
        PutBack put{part.begin, part.end, {}, {}};
        put.restore.mode = RestoreData::Mode::verbatim;
        put.restore.header_block = (*parts_)[next].header_block;
        put.content = [&comparison, octets = (*parts_)[next].body_bytes](OctetSink const&) {
            comparison.skip(octets);
            return Status();
        };
        parts.push_back(std::move(put));
    }
    if (parts.size() != placeholders.size())
        return fail(Fault::corrupt, "a placeholder is not found again");
    auto const compare = [&comparison](ByteSpan octets) { return comparison.take(octets); };
    if (auto rebuilt = rebuild_message(copy_fd, parts, compare); !rebuilt) return rebuilt;
    auto const size = file_size(message_fd_);
    if (!size) return fail(size.error());
    if (comparison.position() != *size)
        return fail(Fault::corrupt, "the copy is not the whole message");
    return {};
}

}  // namespace satchel::mailgw
