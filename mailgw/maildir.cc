#include "mailgw/maildir.h"

#include <array>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/atomic_file.h"
#include "src/base/unique_fd.h"
#include "src/core/address.h"

namespace satchel::mailgw {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t file_name_octets = 255;

HopResult later(Error const& error) {
    return {HopResult::Verdict::temporary, error.what};
}

/// Makes a folder and those above it, durably.
Status make_folder(fs::path const& folder) {
    std::error_code failed;
    if (fs::is_directory(folder, failed)) return {};
    auto const parent = folder.parent_path();
    if (!parent.empty() && parent != folder) {
        if (auto made = make_folder(parent); !made) return made;
    }
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        return fail(system_error(folder.string()));
    }
    return sync_folder(parent.empty() ? fs::path(".") : parent);
}

/// A reader moves what it has seen to cur/, with flags after a colon.
bool was_seen(fs::path const& maildir, std::string const& name) {
    std::error_code failed;
    for (fs::directory_iterator it(maildir / "cur", failed), end; !failed && it != end;
         it.increment(failed)) {
        auto const found = it->path().filename().string();
        if (found == name || found.starts_with(name + ':')) return true;
    }
    return false;
}

Status copy_into(int from, int to) {
    std::array<Byte, 64 * 1024> buffer;
    for (std::uint64_t at = 0;;) {
        auto const count = read_at(from, buffer, at);
        if (!count) return fail(count.error());
        if (*count == 0) return {};
        if (auto done = write_all(to, ByteSpan(buffer.data(), *count)); !done) return done;
        at += *count;
    }
}

/// Writes a whole, durable file into tmp/.
Status write_temp(std::string const& file, HopMessage const& message) {
    ::unlink(file.c_str());  // left by a try that died
    auto fd = open_file(file, O_WRONLY | O_CREAT | O_EXCL);
    if (!fd) return fail(fd.error());
    auto const head = "Return-Path: <" + message.envelope.sender + ">\r\n" + message.envelope.trace;
    auto done = write_all(fd->get(), bytes_of(head));
    if (done) done = copy_into(message.fd, fd->get());
    if (done) done = sync_file(fd->get());
    if (!done) ::unlink(file.c_str());
    return done;
}

}  // namespace

std::string maildir_name(std::string const& recipient) {
    auto const address = Address::parse(recipient);
    std::string text = address ? address->text() : recipient;
    std::string out;
    bool leading = true;
    for (char c : text) {
        leading = leading && c == '.';
        if (c == '/') {
            out += "%2F";
        } else if (leading) {
            out += "%2E";
        } else {
            out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        }
    }
    return out;
}

MaildirNextHop::MaildirNextHop(std::string path, std::string const& helo)
    : path_(std::move(path)) {
    for (char c : helo)
        host_ += c == '/' || c == ':' ? '_' : c;
}

HopResult MaildirNextHop::deliver_one(HopMessage const& message, std::size_t number) const {
    auto const name = maildir_name(message.envelope.recipients[number].address);
    if (name.empty() || name.size() > file_name_octets) {
        return {HopResult::Verdict::permanent, "550 5.1.1 No folder can have this name"};
    }
    std::string path = path_;
    constexpr std::string_view mark = "{recipient}";
    for (auto at = path.find(mark); at != std::string::npos; at = path.find(mark, at)) {
        path.replace(at, mark.size(), name);
        at += name.size();
    }
    fs::path const maildir(path);
    for (char const* folder : {"tmp", "new", "cur"}) {
        if (auto made = make_folder(maildir / folder); !made) return later(made.error());
    }
    // The same name for every try: a message can't be delivered twice, and one Maildir for several
    // recipients gets it once for each.
    std::string file = std::to_string(message.received) + ".S" + message.id;
    if (path_.find(mark) == std::string::npos) file += '_' + std::to_string(number);
    file += '.' + host_.substr(0, 64);
    auto const done = (maildir / "new" / file).string();
    std::error_code failed;
    bool const there =
        fs::exists(done, failed) || (message.maybe_repeated && was_seen(maildir, file));
    if (!there) {
        auto const temp = (maildir / "tmp" / file).string();
        if (auto written = write_temp(temp, message); !written) return later(written.error());
        if (::rename(temp.c_str(), done.c_str()) != 0) return later(system_error(done));
    }
    if (auto synced = sync_folder(maildir / "new"); !synced) return later(synced.error());
    return {HopResult::Verdict::delivered, "250 2.0.0 In " + maildir.string()};
}

std::vector<HopResult> MaildirNextHop::deliver(HopMessage const& message) {
    std::vector<HopResult> results;
    for (std::size_t const number : message.recipients) {
        results.push_back(deliver_one(message, number));
    }
    return results;
}

}  // namespace satchel::mailgw
