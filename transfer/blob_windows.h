// A blob that several sources bring at once, each a window of it at a time: put together in order,
// so that each piece is verified as ever. Little is kept ahead of what is still missing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "transfer/blob_store.h"

namespace satchel::transfer {

/// Safe from any thread.
class BlobWindows : public std::enable_shared_from_this<BlobWindows> {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// What one source is to bring: from its offset() to `end`.
    struct Window {
        std::shared_ptr<BlobUpload> into;  ///< takes bytes in order, and nothing else
        std::uint64_t end = 0;
    };

    /// `into` knows the piece layer. Windows have whole pieces, of 2 MiB at least.
    BlobWindows(std::shared_ptr<BlobUpload> into, std::uint64_t size, std::size_t sources);

    /// The next window for a source. One whose turn to be written has come, and for which nothing
    /// has come for 2 s, is taken away from whoever was to bring it. None: come again, unless it
    /// is over for this source.
    std::optional<Window> claim(std::size_t source, Time now);

    /// The source brings no more of this window; what it has brought stays.
    void give_back(std::size_t source);

    /// Whether the window that the source claimed last was taken from it for no fault of its own:
    /// a piece of which others had brought a part was wrong, and is wanted from its start.
    bool is_to_begin_anew(std::size_t source) const;

    /// All is there, or a piece that this source alone has brought was wrong, or the disk has
    /// failed.
    bool is_over_for(std::size_t source) const;

    bool is_complete() const;

    /// First byte still wanted.
    std::uint64_t offset() const;

    /// Of the disk; or Fault::corrupt, where a source has sent a wrong piece.
    Status failure() const;

private:
    class Part;

    struct Source {
        bool wrong = false;       ///< has lied
        std::uint64_t claim = 0;  ///< its last
        bool begins_anew = false;
    };

    /// Which source's bytes begin where.
    struct Run {
        std::uint64_t first = 0;
        std::size_t source = 0;
    };

    /// A window that has been claimed, and is not written to its end.
    struct Slot {
        std::uint64_t index = 0;
        std::uint64_t number = 0;  ///< of the claim, so that who was late is told
        std::optional<std::size_t> source;
        std::uint64_t next = 0;  ///< byte that is to come
        std::vector<Run> runs;   ///< of what came, in order
        Bytes ahead;             ///< came, but what is before it has not
        Time moved{};
    };

    std::uint64_t end_of(std::uint64_t index) const;
    Slot* slot_of(std::uint64_t number);
    Status take(std::uint64_t number, ByteSpan more, Time now);
    void write(Slot& slot, ByteSpan more);
    std::optional<std::size_t> sole_source_of_piece(Slot const& slot, std::uint64_t first) const;
    void take_back(Slot& slot);
    void settle();
    Window hand_out(Slot& slot, std::size_t source, Time now);

    std::shared_ptr<BlobUpload> into_;
    std::uint64_t size_;
    std::uint64_t piece_bytes_;
    std::uint64_t window_bytes_;
    std::size_t ahead_max_;
    mutable std::mutex mutex_;  ///< guards what follows
    std::vector<Slot> slots_;   ///< by index
    std::vector<Source> sources_;
    std::uint64_t next_index_;
    std::uint64_t claims_ = 0;
    Status failure_;
    bool disk_failed_ = false;
};

}  // namespace satchel::transfer
