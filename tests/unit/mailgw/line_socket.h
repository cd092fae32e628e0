// A blocking socket that speaks in lines, for both ends of an SMTP test. Waits 20 s at most.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "src/base/unique_fd.h"

namespace satchel::testing {

class LineSocket {
public:
    explicit LineSocket(UniqueFd fd);
    /// To 127.0.0.1.
    static LineSocket connect(std::uint16_t port);

    /// False where the other side is gone.
    bool send(std::string const& text);

    /// Without CR LF; none at the end.
    std::optional<std::string> line();

    /// Of a reply: the last line's text. "" at the end.
    std::string reply();

    /// Sends a line and gives the reply.
    std::string ask(std::string const& text) {
        send(text + "\r\n");
        return reply();
    }

private:
    UniqueFd fd_;
    std::string inbox_;
};

}  // namespace satchel::testing
