#include "mailgw/detacher.h"

#include <algorithm>

#include "src/base/unique_fd.h"

namespace satchel::mailgw {

namespace {

constexpr std::size_t piece_bytes = 256 * 1024;

class Copier {
public:
    Copier(int in_fd, int out_fd)
        : in_fd_(in_fd)
        , out_fd_(out_fd)
        , buffer_(piece_bytes) {}

    /// Copies up to `end`, or to the end of the file.
    Status copy_to(std::uint64_t end) {
        while (position_ < end) {
            std::size_t const size =
                static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.size(), end - position_));
            auto const got = read_at(in_fd_, std::span(buffer_).first(size), position_);
            if (!got) return fail(got.error());
            if (auto status = write_all(out_fd_, ByteSpan(buffer_).first(*got)); !status)
                return status;
            position_ += *got;
            if (*got < size) break;
        }
        return {};
    }

    void skip_to(std::uint64_t end) { position_ = end; }

    std::uint64_t position() const { return position_; }

private:
    int in_fd_;
    int out_fd_;
    Bytes buffer_;
    std::uint64_t position_ = 0;
};

}  // namespace

Status write_detached(int in_fd, ScannedMessage const& message,
                      std::vector<Placeholder> const& placeholders, int out_fd) {
    if (placeholders.size() != message.parts.size())
        return fail(Fault::usage, "one placeholder is needed for each part");
    auto const size = file_size(in_fd);
    if (!size) return fail(size.error());
    Copier copier(in_fd, out_fd);
    for (std::size_t i = 0; i < placeholders.size(); ++i) {
        DetachablePart const& part = message.parts[i];
        if (part.begin < copier.position() || part.end < part.begin || part.end > *size)
            return fail(Fault::usage, "the parts are not those of this message");
        if (auto status = copier.copy_to(part.begin); !status) return status;
        std::string const text = placeholder_text(part, placeholders[i], message.layer);
        if (auto status = write_all(out_fd, bytes_of(text)); !status) return status;
        copier.skip_to(part.end);
    }
    return copier.copy_to(*size);
}

}  // namespace satchel::mailgw
