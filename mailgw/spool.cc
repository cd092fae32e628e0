#include "mailgw/spool.h"

#include <set>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "src/base/atomic_file.h"
#include "src/base/hex.h"

namespace satchel::mailgw {

namespace {

namespace fs = std::filesystem;

/// Left free for the state and for what else lives on the disk.
constexpr std::uint64_t reserve_bytes = 16 << 20;
constexpr std::uint64_t write_back_bytes = 4 << 20;

Status check_room(fs::path const& folder, std::uint64_t bytes) {
    struct statvfs found {};

    if (statvfs(folder.c_str(), &found) != 0) return fail(system_error(folder.string()));
    auto const free = static_cast<std::uint64_t>(found.f_bavail) * found.f_frsize;
    if (free < reserve_bytes || free - reserve_bytes < bytes) {
        return fail(Fault::no_space, "spool: " + std::to_string(free) + " bytes free");
    }
    return {};
}

Result<UniqueFd> lock_folder(fs::path const& folder) {
    auto lock = open_file((folder / "lock").string(), O_RDWR | O_CREAT);
    if (!lock) return fail(lock.error());
    if (::flock(lock->get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return fail(system_error((folder / "lock").string()));
        return fail(Fault::unavailable, "spool " + folder.string() + " is in use by a gateway");
    }
    return lock;
}

}  // namespace

SpoolDraft::SpoolDraft(std::string id, fs::path file, UniqueFd fd)
    : id_(std::move(id))
    , file_(std::move(file))
    , fd_(std::move(fd)) {}

SpoolDraft::SpoolDraft(SpoolDraft&& other) noexcept
    : id_(std::move(other.id_))
    , file_(std::exchange(other.file_, {}))
    , fd_(std::move(other.fd_))
    , bytes_(other.bytes_)
    , written_back_(other.written_back_) {}

SpoolDraft& SpoolDraft::operator=(SpoolDraft&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(file_, other.file_);
    std::swap(fd_, other.fd_);
    std::swap(bytes_, other.bytes_);
    std::swap(written_back_, other.written_back_);
    return *this;
}

SpoolDraft::~SpoolDraft() {
    if (!file_.empty()) ::unlink(file_.c_str());
}

Status SpoolDraft::write(ByteSpan text) {
    bytes_ += text.size();
    auto written = write_all(fd_.get(), text);
    // The disk works while the rest is on its way, so that the sync before the 250 is short. A
    // hint: whether all is there, only that sync tells.
    if (written && bytes_ - written_back_ >= write_back_bytes) {
        static_cast<void>(::sync_file_range(fd_.get(), static_cast<off64_t>(written_back_),
                                            static_cast<off64_t>(bytes_ - written_back_),
                                            SYNC_FILE_RANGE_WRITE));
        written_back_ = bytes_;
    }
    return written;
}

Spool::Spool(fs::path const& folder, UniqueFd lock, SpoolIndex index, Clock const& clock,
             Randomness& randomness)
    : messages_(folder / "msg")
    , lock_(std::move(lock))
    , clock_(clock)
    , index_(std::move(index))
    , randomness_(randomness) {}

Result<std::unique_ptr<Spool>> Spool::open(fs::path const& folder, Clock const& clock,
                                           Randomness& randomness) {
    std::error_code made;
    fs::create_directories(folder / "msg", made);
    if (made) return fail(Fault::io, folder.string() + ": " + made.message());
    fs::permissions(folder, fs::perms::owner_all, made);
    auto lock = lock_folder(folder);
    if (!lock) return fail(lock.error());
    auto index = SpoolIndex::open(folder / "queue.sqlite", randomness);
    if (!index) return fail(index.error());
    // The names of the files themselves must survive too.
    if (auto synced = sync_folder(folder); !synced) return fail(synced.error());
    if (auto synced = sync_folder(folder.parent_path().empty() ? "." : folder.parent_path());
        !synced) {
        return fail(synced.error());
    }
    std::unique_ptr<Spool> spool(
        new Spool(folder, std::move(*lock), std::move(*index), clock, randomness));
    if (auto done = spool->remove_orphans(); !done) return fail(done.error());
    return spool;
}

Status Spool::remove_orphans() {
    auto const ids = index_.ids();
    if (!ids) return fail(ids.error());
    std::set<std::string> wanted;
    for (std::string const& id : *ids) {
        auto const message = index_.load(id);
        if (!message) return fail(message.error());
        wanted.insert(message_file(id).filename());
        for (SpooledRecipient const& recipient : message->recipients) {
            bool const needed = recipient.own_copy && !is_settled(recipient.state);
            if (needed) wanted.insert(copy_file(id, recipient.number).filename());
        }
    }
    std::error_code failed;
    for (fs::directory_iterator it(messages_, failed), end; !failed && it != end;
         it.increment(failed)) {
        if (!wanted.contains(it->path().filename())) ::unlink(it->path().c_str());
    }
    if (failed) return fail(Fault::io, messages_.string() + ": " + failed.message());
    return {};
}

fs::path Spool::message_file(std::string const& id) const {
    return messages_ / id;
}

fs::path Spool::copy_file(std::string const& id, std::size_t recipient) const {
    return messages_ / (id + '.' + std::to_string(recipient));
}

Result<SpoolDraft> Spool::begin(std::uint64_t announced_bytes) {
    if (auto room = check_room(messages_, announced_bytes); !room) return fail(room.error());
    std::string id;
    {
        std::lock_guard const guard(mutex_);
        id = to_hex(randomness_.array<10>());
    }
    auto const file = message_file(id);
    auto fd = open_file(file.string(), O_RDWR | O_CREAT | O_EXCL);
    if (!fd) return fail(fd.error());
    return SpoolDraft(id, file, std::move(*fd));
}

Status Spool::sync_draft(SpoolDraft const& draft) const {
    if (auto synced = sync_file(draft.fd_.get()); !synced) return synced;
    return sync_folder(messages_);
}

SpooledMessage Spool::fresh_message(SpoolDraft const& draft, Envelope const& envelope) const {
    SpooledMessage message;
    message.id = draft.id_;
    message.envelope = envelope;
    message.received = message.patience_from = clock_.unix_seconds();
    message.bytes = draft.bytes_;
    for (std::size_t number = 0; number < envelope.recipients.size(); ++number) {
        SpooledRecipient recipient;
        recipient.number = number;
        recipient.next_try = message.received;
        message.recipients.push_back(std::move(recipient));
    }
    return message;
}

Status Spool::commit(SpoolDraft draft, Envelope const& envelope) {
    if (auto synced = sync_draft(draft); !synced) return synced;
    auto const message = fresh_message(draft, envelope);
    std::lock_guard const guard(mutex_);
    auto inserted = index_.insert(message);
    if (inserted) draft.file_.clear();
    return inserted;
}

Result<SpooledMessage> Spool::load_locked(std::string const& id) {
    auto message = index_.load(id);
    auto const newer = unrecorded_.find(id);
    if (message && newer != unrecorded_.end()) {
        for (auto const& [number, recipient] : newer->second)
            message->recipients.at(number) = recipient;
    }
    return message;
}

Result<SpooledMessage> Spool::load(std::string const& id) {
    std::lock_guard const guard(mutex_);
    return load_locked(id);
}

Result<std::vector<SpooledMessage>> Spool::list() {
    std::lock_guard const guard(mutex_);
    auto const ids = index_.ids();
    if (!ids) return fail(ids.error());
    std::vector<SpooledMessage> all;
    for (std::string const& id : *ids) {
        auto message = load_locked(id);
        if (!message) return fail(message.error());
        all.push_back(std::move(*message));
    }
    return all;
}

Result<std::vector<std::string>> Spool::due(std::size_t at_most) {
    auto const now = clock_.unix_seconds();
    std::lock_guard const guard(mutex_);
    return index_.due(now, at_most);
}

Result<UniqueFd> Spool::open_message(std::string const& id) const {
    return open_file(message_file(id).string(), O_RDONLY);
}

Result<UniqueFd> Spool::open_copy(std::string const& id, std::size_t recipient) const {
    return open_file(copy_file(id, recipient).string(), O_RDONLY);
}

Result<UniqueFd> Spool::create_copy(std::string const& id, std::size_t recipient) const {
    if (auto room = check_room(messages_, 0); !room) return fail(room.error());
    return open_file(copy_file(id, recipient).string(), O_RDWR | O_CREAT | O_TRUNC);
}

Status Spool::seal_copies(std::vector<UniqueFd> const& copies) const {
    for (UniqueFd const& copy : copies) {
        if (auto synced = sync_file(copy.get()); !synced) return synced;
    }
    return sync_folder(messages_);
}

void Spool::drop_copy(std::string const& id, std::size_t recipient) const {
    ::unlink(copy_file(id, recipient).c_str());
}

Status Spool::record(std::string const& id, std::vector<SpooledRecipient> const& changed) {
    return record_with(id, changed, nullptr);
}

Status Spool::record_and_commit(std::string const& id, std::vector<SpooledRecipient> const& changed,
                                SpoolDraft draft, Envelope const& envelope) {
    if (auto synced = sync_draft(draft); !synced) return synced;
    auto const notice = fresh_message(draft, envelope);
    auto recorded = record_with(id, changed, &notice);
    if (recorded) draft.file_.clear();
    return recorded;
}

Status Spool::record_with(std::string const& id, std::vector<SpooledRecipient> const& changed,
                          SpooledMessage const* notice) {
    std::vector<SpooledRecipient> all;
    Result<bool> forgotten = false;
    {
        std::lock_guard const guard(mutex_);
        auto const before = unrecorded_[id];
        auto& pending = unrecorded_[id];
        for (SpooledRecipient const& recipient : changed)
            pending.insert_or_assign(recipient.number, recipient);
        for (auto const& [number, recipient] : pending)
            all.push_back(recipient);
        forgotten = index_.record(id, all, notice);
        if (forgotten) unrecorded_.erase(id);
        // What was to be told with a notice must not count without it.
        if (!forgotten && notice != nullptr) pending = before;
    }
    if (!forgotten) return fail(forgotten.error());
    // A crash before these leaves orphans for the next start.
    for (SpooledRecipient const& recipient : all) {
        if (recipient.own_copy && is_settled(recipient.state)) drop_copy(id, recipient.number);
    }
    if (*forgotten) ::unlink(message_file(id).c_str());
    return {};
}

Status Spool::note_scan(std::string const& id) {
    std::lock_guard const guard(mutex_);
    return index_.note_scan(id);
}

Result<std::size_t> Spool::retry(std::string const& id) {
    auto const now = clock_.unix_seconds();
    std::lock_guard const guard(mutex_);
    return index_.retry(id, now);
}

Result<std::size_t> Spool::give_up_escrow(std::string const& id) {
    std::lock_guard const guard(mutex_);
    return index_.give_up_escrow(id);
}

Result<std::vector<EscrowedPart>> Spool::escrowed() {
    std::lock_guard const guard(mutex_);
    return index_.escrowed();
}

Status Spool::end_escrow(std::vector<std::string> const& tickets) {
    std::lock_guard const guard(mutex_);
    return index_.end_escrow(tickets);
}

Result<std::vector<std::string>> Spool::ended_escrow(std::size_t at_most) {
    std::lock_guard const guard(mutex_);
    return index_.ended_escrow(at_most);
}

Status Spool::escrow_released(std::vector<std::string> const& tickets) {
    std::lock_guard const guard(mutex_);
    return index_.escrow_released(tickets);
}

}  // namespace satchel::mailgw
