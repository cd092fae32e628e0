#include "mailgw/detach_proof.h"

#include <algorithm>

#include "mailgw/body_rebuilder.h"
#include "mailgw/message_rebuilder.h"
#include "mailgw/placeholder_reader.h"
#include "src/base/base64_decoder.h"
#include "src/base/hex.h"
#include "src/base/unique_fd.h"

namespace satchel::mailgw {

namespace {

constexpr std::size_t piece_bytes = 256 * 1024;

/// A range of the original as the depot takes it.
Status feed_source(int fd, DetachablePart const& part, std::atomic<bool> const& abandoned,
                   OctetSink const& out) {
    bool const encoded = part.decoding == AttachmentSource::Decoding::base64;
    Bytes buffer(piece_bytes);
    Bytes content;
    Base64Decoder decoder;
    for (std::uint64_t at = part.source_begin; at < part.source_end;) {
        if (abandoned) return fail(Fault::unavailable, "not needed any more");
        auto const size =
            static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes, part.source_end - at));
        auto const got = read_at(fd, std::span(buffer).first(size), at);
        if (!got) return fail(got.error());
        if (*got == 0) return fail(Fault::corrupt, "the message is shorter than it was");
        at += *got;
        ByteSpan piece = ByteSpan(buffer).first(*got);
        if (encoded) {
            content.clear();
            if (!decoder.decode(piece, content)) return fail(Fault::corrupt, "not base64");
            piece = content;
        }
        if (auto done = out(piece); !done) return done;
    }
    bool const whole = !encoded || decoder.finish();
    return whole ? Status() : Status(fail(Fault::corrupt, "not base64"));
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

Result<RestoreData> DetachProof::prove_part(DetachablePart const& part) const {
    auto restore = decode_restore_data(part.restore);
    if (!restore) return fail(restore.error());
    auto const feed = [&](OctetSink const& sink) {
        return feed_source(message_fd_, part, abandoned_, sink);
    };
    if (auto verified = verify_part(*restore, feed); !verified) return fail(verified.error());
    auto const size = file_size(message_fd_);
    if (!size) return fail(size.error());
    bool const fits = restore->message_bytes == *size &&
                      restore->body_bytes == part.end - part.body_begin &&
                      restore->header_block.size() == part.body_begin - part.begin;
    if (!fits) return fail(Fault::corrupt, "the restore data are of another message");
    return restore;
}

DetachProof::Parts DetachProof::prove_parts() const {
    std::vector<RestoreData> all;
    for (DetachablePart const& part : message_.parts) {
        auto proven = prove_part(part);
        if (!proven) return fail(proven.error());
        all.push_back(std::move(*proven));
    }
    return all;
}

Status DetachProof::check(int copy_fd, std::vector<Placeholder> const& placeholders) {
    if (placeholders.size() != message_.parts.size())
        return fail(Fault::usage, "one placeholder is needed for each part");
    Parts const& proven = parts_.get();
    if (!proven) return fail(proven.error());
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
        // The body was rebuilt already, and is what the digest of the original's says.
        PutBack put{part.begin, part.end, {}, {}};
        put.restore.mode = RestoreData::Mode::verbatim;
        put.restore.header_block = (*proven)[next].header_block;
        put.content = [&comparison, octets = (*proven)[next].body_bytes](OctetSink const&) {
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
