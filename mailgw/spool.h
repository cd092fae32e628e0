// Messages we answer for, kept so that kill -9 at any instant loses none: a file per message, and
// the state of its delivery in SQLite.
//
//   <folder>/msg/<id>       the message as received, CR LF, without our trace lines
//   <folder>/msg/<id>.<n>   the copy with placeholders for recipient n
//   <folder>/queue.sqlite   envelope and state; a file without a row is an orphan and is removed
//   <folder>/lock           held by the one process that uses the spool
//
// Order of a commit: file, fsync, fsync of the folder, row (WAL, synchronous=FULL). Order of a
// removal: row, then file. Thread-safe.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "mailgw/spool_index.h"
#include "mailgw/spooled_message.h"
#include "src/base/clock.h"
#include "src/base/randomness.h"
#include "src/base/result.h"
#include "src/base/unique_fd.h"

namespace satchel::mailgw {

/// A message being received. Unless committed, its file vanishes with the object. One thread at a
/// time.
class SpoolDraft {
public:
    SpoolDraft(SpoolDraft&& other) noexcept;
    SpoolDraft& operator=(SpoolDraft&& other) noexcept;
    ~SpoolDraft();

    std::string const& id() const { return id_; }

    std::uint64_t bytes() const { return bytes_; }

    Status write(ByteSpan text);

    /// For whoever writes by itself; bytes() does not count that.
    int fd() const { return fd_.get(); }

private:
    friend class Spool;
    SpoolDraft(std::string id, std::filesystem::path file, UniqueFd fd);

    std::string id_;
    std::filesystem::path file_;  ///< empty once committed or moved from
    UniqueFd fd_;
    std::uint64_t bytes_ = 0;
    std::uint64_t written_back_ = 0;  ///< bytes that the disk was given to write
};

class Spool {
public:
    /// Makes the folder where it is missing and removes orphans. Fault::unavailable where another
    /// process holds the spool.
    static Result<std::unique_ptr<Spool>> open(std::filesystem::path const& folder,
                                               Clock const& clock, Randomness& randomness);

    /// Fault::no_space where the disk has no room for `announced_bytes` and some reserve.
    Result<SpoolDraft> begin(std::uint64_t announced_bytes);

    /// After success the message is ours. All recipients are queued, due now.
    Status commit(SpoolDraft draft, Envelope const& envelope);

    Result<SpooledMessage> load(std::string const& id);
    Result<std::vector<SpooledMessage>> list();
    Result<std::vector<std::string>> due(std::size_t at_most);

    Result<UniqueFd> open_message(std::string const& id) const;
    Result<UniqueFd> open_copy(std::string const& id, std::size_t recipient) const;

    /// A new, empty copy for one recipient, to be written and then made durable by seal_copies().
    Result<UniqueFd> create_copy(std::string const& id, std::size_t recipient) const;
    Status seal_copies(std::vector<UniqueFd> const& copies) const;
    /// Of a recipient who won't need it after all.
    void drop_copy(std::string const& id, std::size_t recipient) const;

    /// Makes these states durable at once. Copies of settled recipients go, and the whole message
    /// once all are. Where the disk refuses, load() still tells the new states for as long as this
    /// process lives, so that nothing is delivered twice; record() them again later.
    Status record(std::string const& id, std::vector<SpooledRecipient> const& changed);
    /// The same, and a message of our own about it: both or neither, also in load().
    Status record_and_commit(std::string const& id, std::vector<SpooledRecipient> const& changed,
                             SpoolDraft draft, Envelope const& envelope);
    /// Before a scan that an earlier run may have died of.
    Status note_scan(std::string const& id);
    /// Queues again what failed, and makes due what waits. Gives the number of recipients.
    Result<std::size_t> retry(std::string const& id);
    /// No more waiting for receipts: what is escrowed is due for repair. Gives the number of
    /// recipients.
    Result<std::size_t> give_up_escrow(std::string const& id);

    /// Attachments that wait in escrow.
    Result<std::vector<EscrowedPart>> escrowed();
    /// Tickets to be released: of settled recipients, and those ended here. They come again until
    /// escrow_released().
    Status end_escrow(std::vector<std::string> const& tickets);
    Result<std::vector<std::string>> ended_escrow(std::size_t at_most);
    Status escrow_released(std::vector<std::string> const& tickets);

    /// Names this spool in loop lines; stays the same.
    std::string const& token() const { return index_.token(); }

private:
    Spool(std::filesystem::path const& folder, UniqueFd lock, SpoolIndex index, Clock const& clock,
          Randomness& randomness);

    Result<SpooledMessage> load_locked(std::string const& id);
    Status sync_draft(SpoolDraft const& draft) const;
    SpooledMessage fresh_message(SpoolDraft const& draft, Envelope const& envelope) const;
    Status record_with(std::string const& id, std::vector<SpooledRecipient> const& changed,
                       SpooledMessage const* notice);
    Status remove_orphans();
    std::filesystem::path message_file(std::string const& id) const;
    std::filesystem::path copy_file(std::string const& id, std::size_t recipient) const;

    std::filesystem::path messages_;
    UniqueFd lock_;
    Clock const& clock_;
    std::mutex mutex_;  ///< guards what follows
    SpoolIndex index_;
    Randomness& randomness_;
    /// States that the disk refused, by message and recipient.
    std::map<std::string, std::map<std::size_t, SpooledRecipient>> unrecorded_;
};

}  // namespace satchel::mailgw
