#include "transfer/piece_verifier.h"

#include <algorithm>
#include <string>

namespace satchel::transfer {

namespace {

constexpr std::size_t hash_bytes = 32;

}  // namespace

PieceVerifier::PieceVerifier(ContentId const& id, std::uint64_t blob_bytes)
    : id_(id)
    , size_(blob_bytes)
    , piece_bytes_(piece_length_for(blob_bytes))
    , layer_known_(pieces_in(blob_bytes) <= 1) {}

std::uint64_t PieceVerifier::piece_bytes_now() const {
    return std::min(piece_bytes_, size_ - kept_);
}

Status PieceVerifier::set_layer(ByteSpan layer) {
    if (auto right = verify_layer(id_, size_, layer); !right) return right;
    if (layer_known_) return {};
    auto const came = layer_;
    layer_ = copy_of(layer);
    layer_known_ = true;
    auto const wrong = std::mismatch(came.begin(), came.end(), layer_.begin()).first - came.begin();
    auto const right_pieces = static_cast<std::uint64_t>(wrong) / hash_bytes;
    if (right_pieces == came.size() / hash_bytes) return {};
    kept_ = right_pieces * piece_bytes_;
    filled_ = 0;
    tree_ = BlockTree();
    return fail(Fault::corrupt, "piece " + std::to_string(right_pieces) + " is wrong");
}

Status PieceVerifier::settle_piece(Sha256Digest const& hash) {
    auto const index = kept_ / piece_bytes_;
    if (!layer_known_) {
        append(layer_, hash);
    } else if (hash != piece_hash_in(id_, layer_, index)) {
        return fail(Fault::corrupt, "piece " + std::to_string(index) + " is wrong");
    }
    kept_ += piece_bytes_now();
    return {};
}

Status PieceVerifier::take_kept(ByteSpan piece) {
    if (filled_ != 0 || piece.empty() || piece.size() != piece_bytes_now()) {
        return fail(Fault::usage, "not a whole piece");
    }
    tree_.write(piece);
    return settle_piece(finish_piece(tree_, size_));
}

Status PieceVerifier::write(ByteSpan more, PartSink const& keep) {
    if (more.size() > size_ - offset()) {
        return fail(Fault::corrupt, "more than the " + std::to_string(size_) + " bytes announced");
    }
    while (!more.empty()) {
        auto const whole = piece_bytes_now();
        auto const part = more.first(std::min<std::uint64_t>(whole - filled_, more.size()));
        if (auto kept = keep(offset(), part); !kept) return kept;
        more = more.subspan(part.size());
        tree_.write(part);
        filled_ += part.size();
        if (filled_ < whole) continue;

        filled_ = 0;
        if (auto right = settle_piece(finish_piece(tree_, size_)); !right) return right;
    }
    return {};
}

Status PieceVerifier::finish() {
    if (offset() != size_) {
        return fail(Fault::corrupt, "blob ends after " + std::to_string(offset()) + " of " +
                                        std::to_string(size_) + " bytes");
    }
    if (layer_known_) return {};
    if (root_of_layer(piece_bytes_, layer_) == id_) {
        layer_known_ = true;
        return {};
    }
    layer_.clear();
    kept_ = 0;
    return fail(Fault::corrupt, "blob does not hash to its content id");
}

}  // namespace satchel::transfer
