#include "mailgw/early_digest.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "mailgw/base64_shape.h"
#include "mailgw/part_range.h"
#include "src/base/sha256_pair.h"
#include "src/base/unique_fd.h"

namespace satchel::mailgw {

namespace {

constexpr std::size_t piece_bytes = 256 * 1024;
// The first line of most base64, and more.
constexpr std::uint64_t shape_bytes = 64 * 1024;
// What may turn out to be trailer, or the end of line before a boundary.
constexpr std::uint64_t held_back_bytes = lead_octets_max + 2;

/// Follows a boundary scan through the file, some bytes behind it.
class EarlyReader final : public BoundaryObserver {
public:
    explicit EarlyReader(int fd)
        : fd_(fd)
        , buffer_(piece_bytes) {}

    void content_begins(std::uint64_t at, bool base64) override;
    void line_found(BoundaryLine const& line) override;
    void scanned_to(std::uint64_t position) override;

    /// All of the message was scanned.
    Result<EarlyDigest> finish(BoundaryScan boundaries, std::uint64_t bytes);

    Status const& status() const { return status_; }

private:
    /// The body of a part, not yet at its end.
    struct Open {
        std::uint64_t begin = 0;
        bool base64 = false;
        std::optional<CandidateReader> reader;
    };

    void start(std::uint64_t known_end);
    void close(std::uint64_t end);
    void read_to(std::uint64_t end);
    void leave_open();

    int fd_;
    Bytes buffer_;
    Sha256Pair hashes_;       ///< the message, and the body under way
    std::uint64_t done_ = 0;  ///< bytes hashed
    std::optional<Open> open_;
    std::vector<EarlyBody> bodies_;
    Status status_;
};

void EarlyReader::read_to(std::uint64_t end) {
    while (status_ && done_ < end) {
        auto const size =
            static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes, end - done_));
        auto const got = read_at(fd_, std::span(buffer_).first(size), done_);
        if (!got || *got == 0) {
            status_ = got ? fail(Fault::corrupt, "the message is shorter than it was")
                          : fail(got.error());
            return;
        }
        ByteSpan const piece = ByteSpan(buffer_).first(*got);
        hashes_.update(piece, open_ ? piece : ByteSpan());
        if (open_ && open_->reader) open_->reader->feed(done_, piece);
        done_ += *got;
    }
}

/// The shape is that of the body as far as it is known.
void EarlyReader::start(std::uint64_t known_end) {
    std::optional<ShapedRange> shaped;
    if (open_->base64) {
        auto detected = detect_base64_shape(fd_, open_->begin, known_end);
        if (!detected) {
            status_ = fail(detected.error());
            return;
        }
        shaped = std::move(*detected);
        if (shaped) shaped->end = UINT64_MAX;
    }
    open_->reader.emplace(std::move(shaped), false);
}

/// Its digest is of no use, that of the message goes on.
void EarlyReader::leave_open() {
    open_.reset();
    hashes_.finish_second();
}

void EarlyReader::content_begins(std::uint64_t at, bool base64) {
    if (open_) leave_open();
    read_to(at);
    open_.emplace(Open{at, base64, std::nullopt});
}

void EarlyReader::scanned_to(std::uint64_t position) {
    if (!status_) return;
    if (!open_) return read_to(position);
    if (position < open_->begin + held_back_bytes + shape_bytes) return;
    std::uint64_t const certain = position - held_back_bytes;
    if (!open_->reader) start(certain);
    read_to(certain);
}

void EarlyReader::close(std::uint64_t end) {
    std::optional<ShapedRange> shaped;
    if (open_->base64) {
        auto detected = detect_base64_shape(fd_, open_->begin, end);
        if (!detected) {
            status_ = fail(detected.error());
            return;
        }
        shaped = std::move(*detected);
    }
    if (!open_->reader) start(end);
    if (!status_) return;
    auto const& taken_for = open_->reader->shaped();
    if (shaped.has_value() != taken_for.has_value()) return leave_open();
    std::string trailer;
    if (shaped) {
        Base64Shape was = taken_for->shape;
        trailer = was.trailer = shaped->shape.trailer;
        if (taken_for->begin != shaped->begin || was != shaped->shape) return leave_open();
        open_->reader->end_at(shaped->end);
    }
    read_to(end);
    EarlyBody body{open_->begin, end, open_->base64,
                   open_->reader->finish(open_->begin, end, trailer)};
    RestoreData& restore = body.digest.restore;
    restore.body_sha256 = hashes_.finish_second();
    if (restore.mode == RestoreData::Mode::verbatim) restore.content_sha256 = restore.body_sha256;
    bodies_.push_back(std::move(body));
    open_.reset();
}

void EarlyReader::line_found(BoundaryLine const& line) {
    if (!open_ || !status_) return;
    auto const eol = eol_octets_before(fd_, line.begin);
    if (!eol) {
        status_ = fail(eol.error());
        return;
    }
    std::uint64_t const end = line.begin - *eol;
    if (*eol == 0 || end < open_->begin || end < done_) return leave_open();
    close(end);
}

Result<EarlyDigest> EarlyReader::finish(BoundaryScan boundaries, std::uint64_t bytes) {
    EarlyDigest digest;
    digest.boundaries = std::move(boundaries);
    if (!digest.boundaries.trouble.empty()) return digest;
    if (open_) leave_open();
    read_to(bytes);
    if (!status_) return fail(status_.error());
    digest.bytes = bytes;
    digest.sha256 = hashes_.finish_first();
    digest.bodies = std::move(bodies_);
    return digest;
}

}  // namespace

std::optional<MessageDigest> EarlyDigest::digest_of(
    std::vector<Candidate> const& candidates) const {
    MessageDigest digest{bytes, sha256, {}};
    for (Candidate const& candidate : candidates) {
        auto const body = std::find_if(bodies.begin(), bodies.end(), [&](EarlyBody const& early) {
            return early.begin == candidate.range.body_begin && early.end == candidate.range.end &&
                   early.base64 == candidate.base64;
        });
        if (body == bodies.end() || candidate.armor_anywhere) return std::nullopt;
        digest.candidates.push_back(body->digest);
    }
    return digest;
}

Result<EarlyDigest> digest_early(GrowingFile& file) {
    EarlyReader reader(file.fd());
    auto const read = [&](std::span<Byte> out, std::uint64_t offset) -> Result<std::size_t> {
        if (!reader.status()) return fail(reader.status().error());
        return file.read(out, offset);
    };
    auto boundaries = scan_boundaries(file.fd(), read, reader);
    if (!boundaries) return fail(boundaries.error());
    if (!reader.status()) return fail(reader.status().error());
    auto const bytes = file_size(file.fd());
    if (!bytes) return fail(bytes.error());
    return reader.finish(std::move(*boundaries), *bytes);
}

}  // namespace satchel::mailgw
