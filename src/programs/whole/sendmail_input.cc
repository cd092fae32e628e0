#include "src/programs/whole/sendmail_input.h"

#include <algorithm>
#include <cerrno>

#include <strings.h>
#include <unistd.h>

#include "mailgw/mime_addresses.h"
#include "src/programs/whole/nameless_file.h"

namespace satchel::programs {

namespace {

constexpr std::size_t header_bytes_max = 1024 * 1024;
constexpr std::size_t buffer_bytes = 256 * 1024;

/// One field with its continuation lines, as it stands.
struct Field {
    std::string name;
    std::string text;

    bool is(char const* other) const { return ::strcasecmp(name.c_str(), other) == 0; }

    std::string value() const { return text.substr(std::min(text.size(), name.size() + 1)); }
};

std::vector<Field> fields_of(std::string const& header) {
    std::vector<Field> fields;
    for (std::size_t at = 0; at < header.size();) {
        std::size_t const end = std::min(header.find('\n', at), header.size() - 1) + 1;
        std::string const line = header.substr(at, end - at);
        at = end;
        bool const continues = line[0] == ' ' || line[0] == '\t';
        if (continues && !fields.empty()) {
            fields.back().text += line;
        } else {
            fields.push_back({line.substr(0, line.find(':')), line});
        }
    }
    return fields;
}

/// Copies up to the end of the input, or to a line with a single dot.
class Copier {
public:
    Copier(int from, int to, bool dots_are_text)
        : from_(from)
        , to_(to)
        , dots_are_text_(dots_are_text)
        , buffer_(buffer_bytes) {}

    /// The header section with the empty line that ends it.
    Result<std::string> read_header() {
        for (std::size_t searched = 0;;) {
            for (char const* end : {"\n\n", "\n\r\n"}) {
                std::size_t const at = pending_.find(end, searched);
                if (at == std::string::npos) continue;
                std::size_t const size = at + std::string_view(end).size();
                std::string header = pending_.substr(0, size);
                pending_.erase(0, size);
                return header;
            }
            searched = pending_.size() < 2 ? 0 : pending_.size() - 2;
            if (pending_.size() > header_bytes_max)
                return fail(Fault::too_large, "the header is over 1 MiB");
            auto const more = fill();
            if (!more) return fail(more.error());
            if (!*more) return std::exchange(pending_, {});
        }
    }

    Status copy_body() {
        for (;;) {
            bool const ended = !dots_are_text_ && take_line_with_dot();
            std::size_t const keep = ended || dots_are_text_ ? 0 : unfinished_line();
            ByteSpan const ready = bytes_of(pending_).first(pending_.size() - keep);
            if (auto written = write_all(to_, ready); !written) return written;
            pending_.erase(0, ready.size());
            if (ended) return {};
            auto const more = fill();
            if (!more) return fail(more.error());
            if (!*more) return write_all(to_, bytes_of(pending_));
        }
    }

private:
    Result<bool> fill() {
        for (;;) {
            ssize_t const n = ::read(from_, buffer_.data(), buffer_.size());
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return fail(system_error("standard input"));
            pending_.append(reinterpret_cast<char const*>(buffer_.data()),
                            static_cast<std::size_t>(n));
            return n > 0;
        }
    }

    /// `pending_` starts at the start of a line.
    bool take_line_with_dot() {
        std::size_t at = 0;
        while (at < pending_.size()) {
            std::size_t const end = pending_.find('\n', at);
            std::string_view const line = std::string_view(pending_).substr(at, end - at);
            if (end != std::string::npos && (line == "." || line == ".\r")) {
                pending_.resize(at);
                return true;
            }
            if (end == std::string::npos) break;
            at = end + 1;
        }
        return false;
    }

    std::size_t unfinished_line() const {
        std::size_t const last = pending_.rfind('\n');
        return last == std::string::npos ? pending_.size() : pending_.size() - last - 1;
    }

    int from_;
    int to_;
    bool dots_are_text_;
    Bytes buffer_;
    std::string pending_;
};

}  // namespace

Result<SendmailInput> read_sendmail_input(int input, SendmailFlags flags) {
    auto file = nameless_file();
    if (!file) return fail(file.error());
    Copier copier(input, file->get(), flags.dots_are_text);
    auto const header = copier.read_header();
    if (!header) return fail(header.error());
    if (header->empty()) return fail(Fault::usage, "no message on standard input");
    SendmailInput result{.message = std::move(*file), .header_recipients = {}, .header_sender = {}};
    for (Field const& field : fields_of(*header)) {
        bool const names_recipients = field.is("To") || field.is("Cc") || field.is("Bcc");
        if (flags.recipients_from_header && names_recipients) {
            for (std::string& address : mailgw::addresses_in(field.value())) {
                result.header_recipients.push_back(std::move(address));
            }
        }
        if (field.is("From") && result.header_sender.empty()) {
            auto const addresses = mailgw::addresses_in(field.value());
            if (!addresses.empty()) result.header_sender = addresses.front();
        }
        if (flags.recipients_from_header && field.is("Bcc")) continue;
        if (auto written = write_all(result.message.get(), bytes_of(field.text)); !written)
            return fail(written.error());
    }
    if (auto copied = copier.copy_body(); !copied) return fail(copied.error());
    if (::lseek(result.message.get(), 0, SEEK_SET) != 0) return fail(system_error("rewind"));
    return result;
}

}  // namespace satchel::programs
