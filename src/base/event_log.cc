#include "src/base/event_log.h"

#include <ctime>

#include <sys/types.h>
#include <unistd.h>

namespace satchel {

namespace {

char const* word(EventLog::Level level) {
    switch (level) {
        case EventLog::Level::detail:
            return "detail";
        case EventLog::Level::info:
            return "info";
        case EventLog::Level::warning:
            return "warning";
        case EventLog::Level::error:
            return "error";
    }
    return "error";
}

std::string quoted_where_needed(std::string const& value) {
    bool plain = !value.empty();
    for (char c : value)
        plain = plain && c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
    if (plain) return value;
    std::string out = "\"";
    for (char c : value) {
        if (c == '"' || c == '\\') out += '\\';
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    }
    return out + '"';
}

std::string utc_now() {
    std::time_t const now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

}  // namespace

void EventLog::write(Level level, std::string_view event,
                     std::initializer_list<Field> fields) const {
    {
        std::scoped_lock const lock(counts_->guard);
        ++counts_->of_events[std::string(event)];
    }
    if (level < least_) return;
    std::string line = utc_now() + ' ' + word(level) + ' ';
    line += event;
    for (Field const& field : fields) {
        line += ' ';
        line += field.key;
        line += '=' + quoted_where_needed(field.value);
    }
    line += '\n';
    // A log that can't be written must not stop the mail.
    [[maybe_unused]] ssize_t const written = ::write(fd_, line.data(), line.size());
}

std::map<std::string, std::uint64_t> EventLog::counts() const {
    std::scoped_lock const lock(counts_->guard);
    return counts_->of_events;
}

void EventLog::detail(std::string_view event, std::initializer_list<Field> fields) const {
    write(Level::detail, event, fields);
}

void EventLog::info(std::string_view event, std::initializer_list<Field> fields) const {
    write(Level::info, event, fields);
}

void EventLog::warning(std::string_view event, std::initializer_list<Field> fields) const {
    write(Level::warning, event, fields);
}

void EventLog::error(std::string_view event, std::initializer_list<Field> fields) const {
    write(Level::error, event, fields);
}

}  // namespace satchel
