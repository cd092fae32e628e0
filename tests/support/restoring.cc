#include "tests/support/restoring.h"

#include <stdexcept>

#include "src/base/deflate.h"
#include "src/base/sha256.h"
#include "tests/support/memory_file.h"
#include "tests/support/part_restorer.h"

namespace satchel::testing {

using namespace mailgw;

DetachedMessage detach(std::string const& message, DetachPolicy const& policy,
                       MemoryContentSource& storage) {
    UniqueFd const in = memory_file(message);
    auto scanned = scan_message(in.get(), policy);
    if (!scanned) throw std::runtime_error("scan: " + scanned.error().what);
    DetachedMessage done{std::move(*scanned), {}, {}};
    for (DetachablePart const& part : done.scanned.parts) {
        Placeholder placeholder;
        // Ids that the message can't say by itself: a fuzzer learns constant ones.
        placeholder.content_id.bytes =
            sha256(bytes_of(message + std::to_string(storage.blobs.size())));
        std::copy_n(placeholder.content_id.bytes.begin(), placeholder.part_id.size(),
                    placeholder.part_id.begin());
        placeholder.blob_bytes = part.label.bytes + 32;
        placeholder.grant = Bytes(200, placeholder.part_id[0]);
        placeholder.sealed_restore = MemoryContentSource::sealed(part.restore);
        Bytes holds = content_of(in.get(), part);
        if (part.decoding == AttachmentSource::Decoding::deflate_text) {
            Bytes deflated;
            Deflater().write(holds, true, deflated);
            holds = std::move(deflated);
        }
        storage.blobs[placeholder.content_id] = {placeholder.grant, std::move(holds)};
        done.placeholders.push_back(std::move(placeholder));
    }
    UniqueFd const out = memory_file();
    auto const written = write_detached(in.get(), done.scanned, done.placeholders, out.get());
    if (!written) throw std::runtime_error("detach: " + written.error().what);
    done.text = text_in(out);
    return done;
}

RestoredMessage restore(std::string const& message, ContentSource& storage) {
    UniqueFd const in = memory_file(message);
    UniqueFd const scratch = memory_file();
    RestoredMessage done;
    auto const collect = [&done](ByteSpan octets) {
        done.text += text_of(octets);
        return Status();
    };
    auto outcome = restore_message(in.get(), storage, scratch.get(), collect);
    if (!outcome) throw std::runtime_error("restore: " + outcome.error().what);
    done.outcome = std::move(*outcome);
    return done;
}

std::string with_lf(std::string const& message) {
    std::string out;
    for (std::size_t i = 0; i < message.size(); ++i) {
        if (message[i] == '\r' && i + 1 < message.size() && message[i + 1] == '\n') continue;
        out += message[i];
    }
    return out;
}

}  // namespace satchel::testing
