#include "src/base/event_log.h"

#include <regex>

#include <doctest/doctest.h>
#include <fcntl.h>

#include "src/base/atomic_file.h"
#include "tests/support/temp_folder.h"

using namespace satchel;

namespace {

/// A log on a file, and what stands in it without the times.
class LogFile {
public:
    explicit LogFile(EventLog::Level least = EventLog::Level::info)
        : fd_(std::move(*open_file(folder_ / "log", O_RDWR | O_CREAT | O_APPEND)))
        , log_(fd_.get(), least) {}

    EventLog const& log() const { return log_; }

    std::string lines() const {
        auto const bytes = read_whole_file(folder_ / "log", 100'000);
        REQUIRE(bytes);
        static std::regex const time(R"((^|\n)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ )");
        return std::regex_replace(std::string(text_of(*bytes)), time, "$1");
    }

private:
    testing::TempFolder folder_;
    UniqueFd fd_;
    EventLog log_;
};

}  // namespace

TEST_CASE("event_log: one line per event, with its level") {
    LogFile const file(EventLog::Level::detail);
    file.log().detail("tick");
    file.log().info("started", {{"port", "7473"}});
    file.log().warning("slow", {{"peer", "ab12"}, {"seconds", "3"}});
    file.log().error("full");
    CHECK(file.lines() ==
          "detail tick\ninfo started port=7473\nwarning slow peer=ab12 seconds=3\nerror full\n");
}

TEST_CASE("event_log: drops what is below its level") {
    LogFile const file(EventLog::Level::warning);
    file.log().detail("a");
    file.log().info("b");
    file.log().warning("c");
    file.log().error("d");
    CHECK(file.lines() == "warning c\nerror d\n");
}

TEST_CASE("event_log: a value can't forge a field or a line") {
    struct Row {
        std::string value;
        std::string written;
    };

    for (Row const& row :
         {Row{"plain-1.2:3", "plain-1.2:3"}, Row{"", R"("")"}, Row{"two words", R"("two words")"},
          Row{"a=b", R"("a=b")"}, Row{R"(say "x")", R"("say \"x\"")"}, Row{R"(a\b)", R"("a\\b")"},
          Row{"a\ninfo forged x=1", R"("a?info forged x=1")"}, Row{"\r\t\x1b[31m", R"("???[31m")"},
          Row{"\x7f", R"("?")"}, Row{std::string("a\0b", 3), R"("a?b")"},
          Row{"b\u00fccher", "\"b\u00fccher\""}}) {
        LogFile const file;
        file.log().info("event", {{"value", row.value}, {"next", "1"}});
        CHECK(file.lines() == "info event value=" + row.written + " next=1\n");
    }
}

TEST_CASE("event_log: what can't be written stops nothing") {
    EventLog const log(-1);
    log.error("nobody hears");
}
