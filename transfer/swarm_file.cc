#include "transfer/swarm_file.h"

#include <algorithm>

#include <fcntl.h>
#include <unistd.h>

#include "transfer/merkle_root.h"

namespace satchel::transfer {

namespace {

constexpr std::uint64_t margin_bytes = 64 * 1024 * 1024;

std::filesystem::path file_of(std::filesystem::path const& folder, ContentId const& id) {
    return folder / id.to_hex();
}

}  // namespace

SwarmFile::SwarmFile(std::filesystem::path path, ContentId const& id, std::uint64_t size,
                     Bytes layer)
    : path_(std::move(path))
    , id_(id)
    , size_(size)
    , layer_(std::move(layer)) {}

Result<std::shared_ptr<SwarmFile>> SwarmFile::open(std::filesystem::path const& folder,
                                                   ContentId const& id, std::uint64_t size,
                                                   Bytes layer) {
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed) return fail(Fault::io, folder.string() + ": " + failed.message());
    std::shared_ptr<SwarmFile> file(new SwarmFile(file_of(folder, id), id, size, std::move(layer)));
    auto writing = open_file(file->path_.string(), O_RDWR | O_CREAT);
    if (!writing) return fail(writing.error());
    auto reading = open_file(file->path_.string(), O_RDONLY);
    if (!reading) return fail(reading.error());
    file->writing_ = std::make_shared<UniqueFd>(std::move(*writing));
    file->reading_ = std::make_shared<UniqueFd>(std::move(*reading));
    // Somebody goes on with it: a day more.
    std::filesystem::last_write_time(file->path_, std::filesystem::file_time_type::clock::now(),
                                     failed);
    return file;
}

bool SwarmFile::exists(std::filesystem::path const& folder, ContentId const& id) {
    std::error_code ignored;
    return std::filesystem::exists(file_of(folder, id), ignored);
}

bool SwarmFile::has_room(std::filesystem::path const& folder, std::uint64_t size) {
    std::error_code failed;
    auto const space = std::filesystem::space(folder, failed);
    // The store has its own share set aside by now, or takes it when the bytes come.
    return !failed && space.available > 2 * size + margin_bytes;
}

bool SwarmFile::is_right(std::uint64_t index) const {
    auto const bytes = piece(index);
    if (!bytes) return false;
    BlockTree tree;
    tree.write(*bytes);
    return finish_piece(tree, size_) == piece_hash_in(id_, layer_, index);
}

std::vector<bool> SwarmFile::written_pieces() const {
    std::vector<bool> written(pieces_in(size_));
    std::uint64_t const length = piece_length_for(size_);
    for (std::uint64_t i = 0; i < written.size(); ++i) {
        // Nobody sets room aside there: what was never written is a hole.
        auto const hole = ::lseek(reading_->get(), static_cast<off_t>(i * length), SEEK_HOLE);
        std::uint64_t const end = std::min(size_, (i + 1) * length);
        written[i] = hole > 0 && static_cast<std::uint64_t>(hole) >= end;
    }
    return written;
}

Result<Bytes> SwarmFile::piece(std::uint64_t index) const {
    std::uint64_t const length = piece_length_for(size_);
    std::uint64_t const at = index * length;
    if (at >= size_) return fail(Fault::usage, "no such piece");
    Bytes bytes(std::min(length, size_ - at));
    auto const read = read_at(reading_->get(), bytes, at);
    if (!read) return fail(read.error());
    // What is missing at the end is as wrong as what is missing in the middle: zeros.
    return bytes;
}

void SwarmFile::remove() const {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
}

}  // namespace satchel::transfer
