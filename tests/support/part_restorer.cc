#include "tests/support/part_restorer.h"

#include <algorithm>
#include <stdexcept>

#include "mailgw/placeholder_reader.h"
#include "src/base/base64_decoder.h"
#include "src/base/base64_encoder.h"
#include "src/base/hex.h"
#include "tests/support/memory_file.h"

namespace satchel::testing {

using namespace mailgw;

namespace {

void require(bool holds, char const* what) {
    if (!holds) throw std::runtime_error(what);
}

std::string read_range(int fd, std::uint64_t begin, std::uint64_t end) {
    std::string text(static_cast<std::size_t>(end - begin), '\0');
    auto const got =
        read_at(fd, std::span(reinterpret_cast<Byte*>(text.data()), text.size()), begin);
    require(got && *got == text.size(), "range is not in the file");
    return text;
}

/// Where the part lies whose X-Satchel-Part field is at `field`: between two boundary lines.
void replace_part(std::string& message, std::size_t field, std::string const& text) {
    std::size_t const above = message.rfind("\n--", field);
    std::size_t const boundary = above == std::string::npos ? 0 : above + 1;
    std::size_t const begin = message.find('\n', boundary) + 1;
    std::string line = message.substr(boundary, begin - 1 - boundary);
    line.resize(line.find_last_not_of(" \t\r") + 1);
    std::size_t end = message.find("\n" + line, field);
    require(end != std::string::npos, "no boundary below the placeholder");
    if (message[end - 1] == '\r') --end;
    message.replace(begin, end - begin, text);
}

}  // namespace

Bytes content_of(int fd, DetachablePart const& part) {
    std::string const text = read_range(fd, part.source_begin, part.source_end);
    if (part.decoding != AttachmentSource::Decoding::base64) return copy_of(bytes_of(text));
    Base64Decoder decoder;
    Bytes content;
    require(decoder.decode(bytes_of(text), content) && decoder.finish(), "range is not base64");
    return content;
}

std::string rebuilt_part(StoredPart const& part) {
    RestoreData const& restore = part.restore;
    require(part.content.size() == restore.content_bytes, "content has another size");
    require(sha256(part.content) == restore.content_sha256, "content has another digest");
    std::string body;
    if (restore.mode == RestoreData::Mode::verbatim) {
        body = text_of(part.content);
    } else {
        body = restore.shape.lead;
        Base64Encoder encoder(static_cast<std::size_t>(restore.shape.line_length),
                              restore.shape.eol());
        encoder.encode(part.content, body);
        encoder.finish(body);
        body += restore.shape.trailer;
    }
    require(body.size() == restore.body_bytes, "body has another size");
    require(sha256(bytes_of(body)) == restore.body_sha256, "body has another digest");
    return restore.header_block + body;
}

std::string restore_parts(std::string message, std::map<std::string, StoredPart> const& parts) {
    for (auto const& [id, part] : parts) {
        std::size_t const key = message.find("part=" + id);
        require(key != std::string::npos, "placeholder is gone");
        replace_part(message, message.rfind("X-Satchel-Part:", key), rebuilt_part(part));
    }
    return message;
}

RoundTrip round_trip(std::string const& message, DetachPolicy const& policy) {
    UniqueFd const in = memory_file(message);
    auto scanned = scan_message(in.get(), policy);
    require(scanned.has_value(), "scan failed");
    std::vector<Placeholder> placeholders;
    std::map<std::string, StoredPart> stored;
    for (DetachablePart const& part : scanned->parts) {
        Placeholder placeholder;
        // Ids that the message can't say by itself: a fuzzer learns constant ones.
        placeholder.content_id.bytes =
            sha256(bytes_of(message + std::to_string(placeholders.size())));
        std::copy_n(placeholder.content_id.bytes.begin(), placeholder.part_id.size(),
                    placeholder.part_id.begin());
        placeholder.blob_bytes = part.label.bytes + 32;
        placeholder.grant = Bytes(200, 0x67);
        placeholder.sealed_restore = part.restore;
        placeholders.push_back(std::move(placeholder));
    }
    UniqueFd const out = memory_file();
    require(write_detached(in.get(), *scanned, placeholders, out.get()).has_value(),
            "detaching failed");
    RoundTrip trip{std::move(*scanned), text_in(out), {}};
    if (placeholders.empty()) {
        trip.restored = trip.detached;
        return trip;
    }
    auto const found = read_placeholders(out.get());
    require(found.has_value(), "the reader failed");
    for (std::size_t i = 0; i < placeholders.size(); ++i) {
        std::string const id = to_hex(placeholders[i].part_id);
        auto const mine = std::find_if(
            found->begin(), found->end(),
            [&](FoundPlaceholder const& placeholder) { return placeholder.part_id == id; });
        require(mine != found->end(), "a placeholder is not found again");
        auto restore = decode_restore_data(mine->sealed_restore.value());
        require(restore.has_value(), "restore data can't be read");
        stored[id] = {std::move(*restore), content_of(in.get(), trip.scanned.parts[i])};
    }
    trip.restored = restore_parts(trip.detached, stored);
    return trip;
}

}  // namespace satchel::testing
