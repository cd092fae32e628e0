#include "src/node/blob_sources.h"

#include <doctest/doctest.h>

#include "tests/support/await_on.h"

using namespace satchel;
using namespace satchel::node;
using namespace satchel::testing;

namespace {

/// Asks sources that answer as told; notes whom it asked.
struct Asking {
    std::vector<std::string> asked{};
    std::vector<BlobSource> sources{};

    void add(std::string name, std::optional<Error> error) {
        sources.push_back({name, [this, name, error]() -> asio::awaitable<Status> {
                               asked.push_back(name);
                               if (error) co_return fail(*error);
                               co_return Status();
                           }});
    }

    Result<std::string> run() {
        asio::io_context io;
        return await_on(io, fetch_from_first(sources));
    }
};

}  // namespace

TEST_CASE("blob_sources: in order, until one has it") {
    Error const none{Fault::not_found, "none"};
    Error const away{Fault::unavailable, "away"};
    Error const silent{Fault::timed_out, "silent"};

    struct Row {
        char const* why;
        std::vector<std::optional<Error>> answers;
        std::string from;  ///< "": nobody
        Fault fault;
        std::size_t asked;
    };

    for (Row const& row : {
             Row{"the first", {{}, {}, {}}, "0", {}, 1},
             Row{"the second", {none, {}, {}}, "1", {}, 2},
             Row{"the last", {none, away, {}}, "2", {}, 3},
             Row{"nobody", {none, none, none}, "", Fault::not_found, 3},
             Row{"it may yet be there", {none, away, none}, "", Fault::unavailable, 3},
             Row{"the first trouble counts", {silent, away, none}, "", Fault::timed_out, 3},
             Row{"no source", {}, "", Fault::not_found, 0},
         }) {
        CAPTURE(row.why);
        Asking asking;
        for (auto const& answer : row.answers)
            asking.add(std::to_string(asking.sources.size()), answer);
        auto const from = asking.run();
        CHECK(asking.asked.size() == row.asked);
        CHECK(from.has_value() == !row.from.empty());
        if (from) CHECK(*from == row.from);
        if (!from) CHECK(from.error().fault == row.fault);
    }
}
