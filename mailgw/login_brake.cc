#include "mailgw/login_brake.h"

#include <utility>

#include "mailgw/smtp_limits.h"

namespace satchel::mailgw {

namespace {

/// When the file was written last; always the same where there is none.
std::filesystem::file_time_type written(std::filesystem::path const& file) {
    std::error_code missing;
    return std::filesystem::last_write_time(file, missing);
}

}  // namespace

std::optional<Error> LoginBrake::holds(std::filesystem::path const& password_file, Time now) const {
    std::lock_guard const guard(mutex_);
    bool const held =
        refusal_ && now < refusal_->until && written(password_file) == refusal_->file_written;
    return held ? std::optional(refusal_->words) : std::nullopt;
}

void LoginBrake::refused(std::filesystem::path const& password_file, Error words, Time now) {
    std::lock_guard const guard(mutex_);
    refusal_ = {std::move(words), now + smtp_limits::login_pause, written(password_file)};
}

void LoginBrake::lift() {
    std::lock_guard const guard(mutex_);
    refusal_.reset();
}

}  // namespace satchel::mailgw
