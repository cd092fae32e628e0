#include "mailgw/restorer.h"

#include <algorithm>
#include <map>
#include <utility>

#include <unistd.h>

#include "mailgw/message_rebuilder.h"
#include "mailgw/placeholder_reader.h"
#include "mailgw/restore_data.h"
#include "src/base/deflate.h"
#include "src/base/sha256.h"
#include "src/base/unique_fd.h"

namespace satchel::mailgw {

namespace {

constexpr std::size_t piece_bytes = 256 * 1024;
constexpr std::size_t deflated_piece_bytes = 8 * 1024;  // holds 8 MiB at most

/// A broken placeholder must not keep a sound one of the same content from its turn.
constexpr unsigned tries_max = 3;

/// Where the content of a blob lies in the scratch file.
struct Fetched {
    int fd = -1;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

Status read_pieces(Fetched const& from, std::size_t piece, OctetSink const& out) {
    Bytes buffer(piece);
    for (std::uint64_t at = from.begin; at < from.end;) {
        auto const size = static_cast<std::size_t>(std::min<std::uint64_t>(piece, from.end - at));
        auto const got = read_at(from.fd, std::span(buffer).first(size), at);
        if (!got) return fail(got.error());
        if (*got == 0) return fail(Fault::io, "the scratch file became shorter");
        at += *got;
        if (auto done = out(ByteSpan(buffer).first(*got)); !done) return done;
    }
    return {};
}

/// A blob of mode verbatim holds its content deflated.
Status feed_content(Fetched const& from, RestoreData const& restore, OctetSink const& out) {
    if (restore.mode == RestoreData::Mode::base64) return read_pieces(from, piece_bytes, out);
    Inflater inflater;
    Bytes inflated;
    std::uint64_t left = restore.content_bytes;
    auto const inflate = [&](ByteSpan piece) {
        inflated.clear();
        if (auto done = inflater.write(piece, inflated, static_cast<std::size_t>(left)); !done)
            return done;
        left -= inflated.size();
        return out(inflated);
    };
    if (auto done = read_pieces(from, deflated_piece_bytes, inflate); !done) return done;
    return inflater.ended() ? Status() : Status(fail(Fault::corrupt, "the content is truncated"));
}

/// Hashes what comes from some offset on.
class TailDigest {
public:
    explicit TailDigest(std::uint64_t skipped)
        : skipped_(skipped) {}

    void feed(ByteSpan octets) {
        auto const over =
            static_cast<std::size_t>(std::min<std::uint64_t>(skipped_, octets.size()));
        skipped_ -= over;
        hash_.update(octets.subspan(over));
    }

    Sha256Digest finish() { return hash_.finish(); }

private:
    std::uint64_t skipped_;
    Sha256 hash_;
};

/// What the original message was, as the placeholders of the lowest layer say it.
struct Original {
    std::uint64_t bytes;
    Sha256Digest sha256;

    friend bool operator==(Original const&, Original const&) = default;
};

class Restorer {
public:
    Restorer(int fd, ContentSource& source, int scratch)
        : fd_(fd)
        , source_(source)
        , scratch_(scratch) {}

    Result<Restored> run(OctetSink const& out);

private:
    Result<RestoreData> restore_data_of(PlaceholderPart const& placeholder);
    Status fetch(PlaceholderPart const& placeholder, PutBack& part);
    Status take(PlaceholderPart const& placeholder);
    void note_original(unsigned layer, RestoreData const& restore);

    int fd_;
    ContentSource& source_;
    int scratch_;
    std::uint64_t scratch_end_ = 0;
    std::map<ContentId, unsigned> tries_;  ///< to restore it; tries_max once it is back
    std::vector<PutBack> parts_;
    std::optional<std::pair<unsigned, std::optional<Original>>> original_;  ///< of the lowest layer
    Restored restored_;
};

/// Of several layers the lowest tells what was there before all of them. Where two of one layer
/// differ, none is believed.
void Restorer::note_original(unsigned layer, RestoreData const& restore) {
    Original const said{restore.message_bytes, restore.message_sha256};
    if (!original_ || layer < original_->first) {
        original_.emplace(layer, said);
    } else if (layer == original_->first && original_->second != said) {
        original_->second.reset();
    }
}

Result<RestoreData> Restorer::restore_data_of(PlaceholderPart const& placeholder) {
    FoundPlaceholder const& found = placeholder.found;
    if (!placeholder.trouble.empty()) return fail(Fault::corrupt, placeholder.trouble);
    if (!found.grant || !found.sealed_restore)
        return fail(Fault::corrupt, "its placeholder has lost what opens it");
    // Each attachment is a blob of its own. Who repeats one wants to fill a disk, or our time.
    if (tries_[found.reference.content_id]++ >= tries_max)
        return fail(Fault::corrupt, "a placeholder above stands for the same content");
    auto const opened = source_.open_restore(*found.sealed_restore);
    if (!opened) return fail(opened.error());
    return decode_restore_data(*opened);
}

Status Restorer::fetch(PlaceholderPart const& placeholder, PutBack& part) {
    FoundPlaceholder const& found = placeholder.found;
    if (::ftruncate(scratch_, static_cast<off_t>(scratch_end_)) != 0 ||
        ::lseek(scratch_, static_cast<off_t>(scratch_end_), SEEK_SET) < 0) {
        return fail(system_error("scratch file"));
    }
    if (auto done = source_.fetch(found.reference, *found.grant, scratch_); !done) return done;
    auto const end = file_size(scratch_);
    if (!end) return fail(end.error());
    Fetched const fetched{scratch_, scratch_end_, *end};
    part.content = [fetched, restore = part.restore](OctetSink const& sink) {
        return feed_content(fetched, restore, sink);
    };
    if (auto verified = verify_part(part.restore, part.content); !verified) return verified;
    scratch_end_ = *end;
    return {};
}

Status Restorer::take(PlaceholderPart const& placeholder) {
    auto restore = restore_data_of(placeholder);
    if (!restore) return fail(restore.error());
    restored_.parts.back().bytes = restore->content_bytes;
    PutBack part{placeholder.begin, placeholder.end, std::move(*restore), {}};
    if (auto fetched = fetch(placeholder, part); !fetched) return fetched;
    tries_[placeholder.found.reference.content_id] = tries_max;
    note_original(placeholder.found.layer, part.restore);
    parts_.push_back(std::move(part));
    return {};
}

Result<Restored> Restorer::run(OctetSink const& out) {
    auto const placeholders = find_placeholder_parts(fd_);
    if (!placeholders) return fail(placeholders.error());
    bool all = true;
    for (PlaceholderPart const& placeholder : *placeholders) {
        RestoredPart& part = restored_.parts.emplace_back();
        if (!placeholder.found.part_id.empty())
            part.content_id = placeholder.found.reference.content_id;
        part.name = placeholder.found.name;
        if (auto taken = take(placeholder); !taken) part.trouble = taken.error();
        all = all && !part.trouble;
    }
    auto const total = rebuilt_bytes(fd_, parts_);
    if (!total) return fail(total.error());
    std::optional<Original> const original = original_ ? original_->second : std::nullopt;
    bool const fits = original && original->bytes <= *total;
    TailDigest tail(fits ? *total - original->bytes : *total);
    auto const put = [&](ByteSpan octets) {
        tail.feed(octets);
        return out(octets);
    };
    if (auto done = rebuild_message(fd_, parts_, put); !done) return fail(done.error());
    bool const same = fits && tail.finish() == original->sha256;
    if (!all) {
        restored_.state = RestoreState::partial;
    } else if (!placeholders->empty() && !same) {
        restored_.state = RestoreState::parts_exact;
    }
    return std::move(restored_);
}

}  // namespace

char const* to_string(RestoreState state) {
    switch (state) {
        case RestoreState::exact:
            return "exact";
        case RestoreState::parts_exact:
            return "parts-exact";
        case RestoreState::partial:
            return "partial";
    }
    return "";
}

Result<Restored> restore_message(int fd, ContentSource& source, int scratch, OctetSink const& out) {
    return Restorer(fd, source, scratch).run(out);
}

}  // namespace satchel::mailgw
