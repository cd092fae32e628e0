// One line per event on stderr: time, level, event name, key=value fields. Short ids only; never a
// secret.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace satchel {

class EventLog {
public:
    enum class Level { detail, info, warning, error };

    struct Field {
        std::string_view key;
        std::string value;  ///< written as it is, or quoted where it holds a blank, quote or
                            ///< control character
    };

    /// Events below `least` are dropped. Thread-safe: each line is one write(2).
    explicit EventLog(int fd, Level least = Level::info)
        : fd_(fd)
        , least_(least)
        , counts_(std::make_shared<Counts>()) {}

    /// How often each event came, written or dropped. Thread-safe.
    std::map<std::string, std::uint64_t> counts() const;

    void detail(std::string_view event, std::initializer_list<Field> fields = {}) const;
    void info(std::string_view event, std::initializer_list<Field> fields = {}) const;
    void warning(std::string_view event, std::initializer_list<Field> fields = {}) const;
    void error(std::string_view event, std::initializer_list<Field> fields = {}) const;

private:
    struct Counts {
        std::mutex guard;
        std::map<std::string, std::uint64_t> of_events;  ///< names are ours, hence few
    };

    void write(Level level, std::string_view event, std::initializer_list<Field> fields) const;

    int fd_;
    Level least_;
    std::shared_ptr<Counts> counts_;
};

}  // namespace satchel
