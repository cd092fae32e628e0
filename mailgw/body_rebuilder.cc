#include "mailgw/body_rebuilder.h"

#include <algorithm>

#include "src/base/sha256.h"

namespace satchel::mailgw {

namespace {

constexpr std::size_t piece_bytes = 64 * 1024;

}  // namespace

BodyRebuilder::BodyRebuilder(RestoreData const& restore, OctetSink const& out)
    : restore_(restore)
    , out_(out)
    , encoder_(static_cast<std::size_t>(restore.shape.line_length), restore.shape.eol()) {
    if (restore_.mode == RestoreData::Mode::base64) text_ = restore_.shape.lead;
}

Status BodyRebuilder::put(ByteSpan body) {
    if (body.size() > restore_.body_bytes - body_bytes_)
        return fail(Fault::corrupt, "the part would be longer than it was");
    body_bytes_ += body.size();
    return body.empty() ? Status() : out_(body);
}

Status BodyRebuilder::write(ByteSpan content) {
    if (content.size() > restore_.content_bytes - content_bytes_)
        return fail(Fault::corrupt, "there is more content than the part had");
    content_bytes_ += content.size();
    if (restore_.mode == RestoreData::Mode::verbatim) return put(content);
    while (!content.empty()) {
        ByteSpan const piece = content.first(std::min(content.size(), piece_bytes));
        content = content.subspan(piece.size());
        encoder_.encode(piece, text_);
        if (auto written = put(bytes_of(text_)); !written) return written;
        text_.clear();
    }
    return {};
}

Status BodyRebuilder::finish() {
    if (content_bytes_ != restore_.content_bytes)
        return fail(Fault::corrupt, "there is less content than the part had");
    if (restore_.mode == RestoreData::Mode::base64) {
        encoder_.finish(text_);
        text_ += restore_.shape.trailer;
        if (auto written = put(bytes_of(text_)); !written) return written;
    }
    if (body_bytes_ != restore_.body_bytes)
        return fail(Fault::corrupt, "the part would be shorter than it was");
    return {};
}

Status verify_part(RestoreData const& restore, ContentFeed const& content) {
    Sha256 content_hash;
    Sha256 body_hash;
    OctetSink const hash_body = [&body_hash](ByteSpan body) {
        body_hash.update(body);
        return Status();
    };
    BodyRebuilder rebuilder(restore, hash_body);
    auto const take = [&](ByteSpan piece) {
        content_hash.update(piece);
        return rebuilder.write(piece);
    };
    if (auto fed = content(take); !fed) return fed;
    if (auto done = rebuilder.finish(); !done) return done;
    if (content_hash.finish() != restore.content_sha256)
        return fail(Fault::corrupt, "this is not the content that the part had");
    if (body_hash.finish() != restore.body_sha256)
        return fail(Fault::corrupt, "the part would not come out as it was");
    return {};
}

}  // namespace satchel::mailgw
