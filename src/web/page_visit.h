// One browser's connection: its requests, one after the other, and their answers.
#pragma once

#include <memory>
#include <optional>

#include "src/web/http_answer.h"
#include "src/web/http_request.h"
#include "src/web/http_socket.h"
#include "src/web/page_house.h"
#include "src/web/visit_rules.h"

namespace satchel::web {

/// Owner's thread.
class PageVisit {
public:
    /// The house must outlive the visit.
    PageVisit(PageHouse& house, asio::ip::tcp::socket socket);

    /// Until the connection ends.
    asio::awaitable<void> serve();

    /// It has shown a living session.
    bool is_known() const { return known_; }

    void close() { socket_.close(); }

private:
    asio::awaitable<bool> serve_one();
    asio::awaitable<bool> answer(HttpRequest const& request, std::string body);
    asio::awaitable<HttpAnswer> api_answer(HttpRequest const& request, std::string const& body);
    asio::awaitable<Result<node::Json>> ask_node(HttpRequest const& request,
                                                 node::Json const& body);
    HttpAnswer shell_answer(HttpRequest const& request) const;
    HttpAnswer log_in(HttpRequest const& request, node::Json const& body);
    asio::awaitable<Result<node::Json>> open_attachment(HttpRequest const& request,
                                                        std::string reference);
    asio::awaitable<bool> give_content(HttpRequest const& request);
    /// `attachment` is kept by the caller.
    asio::awaitable<bool> give_checked(HttpRequest const& request,
                                       node::CheckedAttachment const& attachment, bool preview);
    asio::awaitable<bool> stream_content(node::CheckedAttachment const& attachment,
                                         transfer::ByteRange range);
    asio::awaitable<void> stream_events();
    asio::awaitable<bool> send(HttpRequest const& request, HttpAnswer answer);
    asio::awaitable<void> refuse(Error error, unsigned status);

    std::string cookie_name() const;

    std::string cookie_of(HttpRequest const& request) const {
        return request.cookie_named(cookie_name());
    }

    PageHouse& house_;
    HttpSocket socket_;
    PagePlace place_;
    bool known_ = false;
};

}  // namespace satchel::web
