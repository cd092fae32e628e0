#include "transfer/outgoing_blob.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "transfer/age_stream.h"
#include "transfer/background.h"
#include "transfer/blob_sink.h"
#include "transfer/piece_verifier.h"
#include "transfer/sealed_batches.h"

namespace satchel::transfer {

namespace {

/// A small content is through before a large buffer would be filled with zeros.
constexpr std::size_t first_read_bytes = 16 * 1024;
constexpr std::size_t second_read_bytes = 128 * 1024;
constexpr std::size_t completing_bytes = 256 * 1024;  ///< read at a time where a blob is completed

/// From then on so much of a content is read and not yet sealed, as nobody knows whether its chunk
/// is the last. Whole blocks of SHA-256, so that what is hashed stays aligned.
constexpr std::size_t held_back_bytes = 64;

/// What the other thread gets, to be hashed side by side.
struct Round {
    Bytes content;
    Bytes sealed;  ///< the batch that got full by it: what was left before, and most of this
};

/// Fills the buffer where the reader gives less. Fewer bytes only at the end.
Result<std::size_t> fill(ContentReader const& read, std::span<Byte> buffer) {
    std::size_t filled = 0;
    while (filled < buffer.size()) {
        auto const n = read(buffer.subspan(filled));
        if (!n) return fail(n.error());
        if (*n == 0) break;
        filled += *n;
    }
    return filled;
}

/// Reads on from `from` until the content is so large. False: it ends before.
Result<bool> read_up_to(std::size_t size, Bytes& content, std::size_t from,
                        ContentReader const& read) {
    content.resize(size);
    auto const filled = fill(read, std::span(content).subspan(from));
    if (!filled) return fail(filled.error());
    content.resize(from + *filled);
    return content.size() == size;
}

struct KeyAndNonce {
    FileKey key;
    std::array<Byte, 16> nonce{};
};

Result<KeyAndNonce> key_for(OutgoingWay const& way, Randomness& randomness) {
    auto const fresh = randomness.array<16>();
    if (!way.draft) return KeyAndNonce{make_file_key(randomness), fresh};
    auto const nonce = way.draft->journal->nonce(fresh);
    if (!nonce) return fail(nonce.error());
    return KeyAndNonce{way.draft->key.copy(), *nonce};
}

/// One pass: this thread reads and encrypts; the other hashes both content and blob, and lets the
/// blob out.
class OutgoingPass {
public:
    OutgoingPass(KeyAndNonce keyed, OutgoingWay const& way)
        : keyed_(std::move(keyed))
        , digest_wanted_(way.digest == ContentDigest::wanted)
        , encryptor_(keyed_.key, keyed_.nonce)
        , sink_(way.outbox, way.growth, way.draft ? way.draft->journal : nullptr)
        , background_([this](Round& round) { return hash_and_let_out(round); }, 1) {}

    Result<OutgoingBlob> run(ContentReader const& read) {
        auto more = read_first(read);
        while (more && *more) {
            if (auto done = encrypt(false); !done) return fail(done.error());
            more = read_up_to(sealed_.lacking_content(), round_.content, 0, read);
        }
        if (!more) return fail(more.error());
        if (auto done = encrypt(true); !done) return fail(done.error());
        if (auto done = background_.finish(); !done) return fail(done.error());
        return finish();
    }

private:
    Result<bool> read_first(ContentReader const& read) {
        Result<bool> more = true;
        std::size_t came = 0;
        for (std::size_t const size :
             {first_read_bytes, second_read_bytes, sealed_.lacking_content() + held_back_bytes}) {
            if (more && *more) more = read_up_to(size, round_.content, came, read);
            came = size;
        }
        return more;
    }

    Status encrypt(bool last) {
        content_bytes_ += round_.content.size();
        if (!hashed_beside_) hash_content_alone(round_.content);
        ByteSink const seal = [this](ByteSpan sealed) -> Status {
            sealed_.append(sealed);
            return {};
        };
        auto done = encryptor_.write(round_.content, seal);
        if (done && last) done = encryptor_.finish(seal);
        if (!done) return done;
        assert(last || sealed_.has_full());
        if (!sealed_.has_full()) return {};
        round_.sealed = sealed_.take_full();
        done = background_.pass_on(round_);
        sealed_.give_back(std::exchange(round_.sealed, {}));
        if (last) round_.content.clear();
        return done;
    }

    void hash_content_alone(ByteSpan content) {
        if (digest_wanted_) content_hash_.offer(content);
        content_hash_.settle();
    }

    Sha256Beside* beside(ByteSpan content) {
        if (!hashed_beside_) return nullptr;
        if (digest_wanted_) content_hash_.offer(content);
        return &content_hash_;
    }

    Status hash_and_let_out(Round& round) {
        Status done = sink_.write(round.sealed, beside(round.content));
        if (hashed_beside_) content_hash_.settle();
        return done;
    }

    Result<OutgoingBlob> finish() {
        auto tree = sink_.finish(sealed_.rest(), beside(round_.content));
        if (!tree) return fail(tree.error());
        if (hashed_beside_) content_hash_.settle();
        OutgoingBlob blob;
        blob.id = tree->root;
        blob.blob_bytes = tree->size;
        blob.layer = std::move(tree->layer);
        blob.key = std::move(keyed_.key);
        blob.nonce = keyed_.nonce;
        blob.content_bytes = content_bytes_;
        if (digest_wanted_) blob.content_sha256 = content_hash_.finish();
        blob.file = sink_.file();
        blob.file_from = sink_.file_from();
        return blob;
    }

    KeyAndNonce keyed_;
    bool const digest_wanted_;
    // Without lanes to be beside, the content's hash is better off on this thread.
    bool const hashed_beside_ = has_sha256_lanes();
    BlobEncryptor encryptor_;
    SealedBatches sealed_;
    Round round_;
    std::uint64_t content_bytes_ = 0;
    // From the first round until the background is finished the other thread has these, but for
    // content that is not hashed beside.
    BlobSink sink_;
    Sha256Beside content_hash_;
    Background<Round> background_;  // the last: it ends before what it works with
};

}  // namespace

Result<OutgoingBlob> make_outgoing_blob(ContentReader const& read, OutgoingWay way,
                                        Randomness& randomness) {
    auto keyed = key_for(way, randomness);
    if (!keyed) return fail(keyed.error());
    return OutgoingPass(std::move(*keyed), way).run(read);
}

Status complete_outgoing_blob(ContentReader const& read, std::filesystem::path const& outbox,
                              OutgoingBlob& blob) {
    if (blob.file_from == 0) return {};
    auto file = blob.file;
    if (!file) {
        auto fresh = nameless_file(outbox);
        if (!fresh) return fail(fresh.error());
        file = std::make_shared<UniqueFd>(std::move(*fresh));
    }
    PieceVerifier verifier(blob.id, blob.blob_bytes);
    if (!blob.layer.empty()) {
        if (auto known = verifier.set_layer(blob.layer); !known) return known;
    }
    auto const keep = [&](std::uint64_t at, ByteSpan part) -> Status {
        auto const lacking = blob.file_from - std::min(at, blob.file_from);
        part = part.first(static_cast<std::size_t>(std::min<std::uint64_t>(part.size(), lacking)));
        return write_all_at(file->get(), part, at);
    };
    ByteSink const out = [&](ByteSpan sealed) { return verifier.write(sealed, keep); };
    BlobEncryptor encryptor(blob.key, blob.nonce);
    Bytes buffer(completing_bytes);
    while (verifier.whole_bytes() < blob.file_from) {
        auto const filled = fill(read, buffer);
        if (!filled) return fail(filled.error());
        auto const content = ByteSpan(buffer).first(*filled);
        auto done = encryptor.write(content, out);
        if (done && content.size() < buffer.size()) {
            done = encryptor.finish(out);
            if (done) done = verifier.finish();
        }
        if (!done && done.error().fault == Fault::corrupt)
            return fail(Fault::corrupt, "the file changed while it was sent");
        if (!done) return done;
    }
    blob.file = std::move(file);
    blob.file_from = 0;
    return {};
}

ContentReader read_from_file(int fd) {
    return [fd, offset = std::uint64_t{0}](std::span<Byte> buffer) mutable {
        auto n = read_at(fd, buffer, offset);
        if (n) offset += *n;
        return n;
    };
}

}  // namespace satchel::transfer
