// One connection of a browser: heads and small bodies read whole and bounded, answers written in
// pieces, every wait with a deadline. Owner's thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "src/base/asio.h"
#include "src/base/result.h"

namespace satchel::web {

class HttpSocket {
public:
    explicit HttpSocket(asio::ip::tcp::socket socket);
    HttpSocket(HttpSocket const&) = delete;
    HttpSocket& operator=(HttpSocket const&) = delete;
    ~HttpSocket();

    /// A head with its empty line. "" where the other side hung up between requests.
    /// Fault::too_large, Fault::timed_out, Fault::unavailable.
    asio::awaitable<Result<std::string>> read_head(std::chrono::milliseconds patience);

    /// So many bytes, which the caller has found few enough.
    asio::awaitable<Result<std::string>> read_body(std::size_t bytes,
                                                   std::chrono::milliseconds patience);

    /// All of it; the patience is for all of it.
    asio::awaitable<Status> write(std::string_view bytes, std::chrono::milliseconds patience);

    /// Where the connection came in.
    asio::ip::tcp::endpoint local() const { return local_; }

    void close();

    /// After a last answer: what the other side still sends is read for a moment, since closing on
    /// it would take the answer from them.
    asio::awaitable<void> linger();

private:
    asio::awaitable<Result<std::size_t>> read_more();
    void expires_after(std::chrono::milliseconds patience);
    Error error_of(boost::system::error_code error) const;

    /// Shared with the timer's handler, which may run when this is gone.
    struct Line;
    std::shared_ptr<Line> line_;
    asio::ip::tcp::endpoint local_;
    std::string buffer_;
};

}  // namespace satchel::web
