// Pieces of one blob that a swarm brings, each at its place in a file of their own. The swarm's
// process may write there what it likes: a piece counts only while it hashes to the layer. Blocks.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/base/unique_fd.h"
#include "src/core/content_id.h"

namespace satchel::transfer {

class SwarmFile {
public:
    /// Goes on with one that is there. `layer` is verified.
    static Result<std::shared_ptr<SwarmFile>> open(std::filesystem::path const& folder,
                                                   ContentId const& id, std::uint64_t size,
                                                   Bytes layer);

    static bool exists(std::filesystem::path const& folder, ContentId const& id);

    /// Can the disk take a blob of this size twice?
    static bool has_room(std::filesystem::path const& folder, std::uint64_t size);

    /// By piece: what has been written, right or not. Quick.
    std::vector<bool> written_pieces() const;

    /// Hashed.
    bool is_right(std::uint64_t index) const;

    std::shared_ptr<UniqueFd> const& for_reading() const { return reading_; }

    std::shared_ptr<UniqueFd> const& for_writing() const { return writing_; }

    /// A piece as it stands there, unchecked.
    Result<Bytes> piece(std::uint64_t index) const;

    /// Whoever has it open keeps it.
    void remove() const;

private:
    SwarmFile(std::filesystem::path path, ContentId const& id, std::uint64_t size, Bytes layer);

    std::filesystem::path path_;
    ContentId id_;
    std::uint64_t size_;
    Bytes layer_;
    std::shared_ptr<UniqueFd> reading_;
    std::shared_ptr<UniqueFd> writing_;
};

}  // namespace satchel::transfer
