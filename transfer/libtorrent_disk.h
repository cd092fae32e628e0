// libtorrent's disk, over files that are open already: the process that runs it opens none. Reads,
// writes and hashes at once, on libtorrent's own thread; never mmap, so that a full disk is an
// error.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <libtorrent/disk_interface.hpp>
#include <libtorrent/io_context.hpp>

#include "src/base/unique_fd.h"

namespace satchel::transfer {

/// Where the bytes of one blob lie.
struct BlobFiles {
    std::uint64_t size = 0;
    std::uint64_t piece_bytes = 0;
    std::vector<bool> have;           ///< pieces that are read from `kept`
    std::shared_ptr<UniqueFd> kept;   ///< may be null
    std::shared_ptr<UniqueFd> fresh;  ///< all other pieces; may be null
};

/// Thread-safe: filled by who adds a torrent, asked by the disk when it is added.
class BlobFileBook {
public:
    /// `name` is what the torrent is added with as its save path.
    void enter(std::string const& name, std::shared_ptr<BlobFiles const> files);
    std::shared_ptr<BlobFiles const> take(std::string const& name);

private:
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<BlobFiles const>> files_;
};

std::unique_ptr<lt::disk_interface> make_blob_disk(lt::io_context& context,
                                                   std::shared_ptr<BlobFileBook> book);

}  // namespace satchel::transfer
