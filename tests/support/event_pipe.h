// Where an EventLog writes to in a test that waits for events.
#pragma once

#include <array>
#include <chrono>
#include <cstdlib>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "src/base/unique_fd.h"

namespace satchel::testing {

class EventPipe {
public:
    EventPipe() {
        int ends[2];
        // A full pipe loses lines, which is nothing to a reader who only wants to know of news.
        if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) std::abort();
        reader_ = UniqueFd(ends[0]);
        writer_ = UniqueFd(ends[1]);
    }

    int write_end() const { return writer_.get(); }

    /// Waits until something was logged since the last call. False: nothing was by the deadline.
    bool await_more(std::chrono::steady_clock::time_point deadline) const {
        auto const left = std::chrono::ceil<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        pollfd wait{reader_.get(), POLLIN, 0};
        if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0)
            return false;
        std::array<char, 4096> lines;
        while (::read(reader_.get(), lines.data(), lines.size()) > 0) {
        }
        return true;
    }

private:
    UniqueFd reader_;
    UniqueFd writer_;
};

}  // namespace satchel::testing
