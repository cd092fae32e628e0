// The page of a node: listens, admits connections within bounds, and opens the page for the command
// line. Lives on the owner's thread.
#pragma once

#include <memory>
#include <string>

#include "src/base/asio.h"
#include "src/base/clock.h"
#include "src/base/event_log.h"
#include "src/base/randomness.h"
#include "src/core/endpoint.h"
#include "src/node/page_desk.h"

namespace satchel::web {

class WebServer {
public:
    /// All must outlive the server and the last turn of the event loop.
    struct Surroundings {
        asio::io_context& owner;
        node::PageDesk& desk;
        Clock const& clock;
        Randomness& randomness;
        EventLog const& log;
        std::string page;  ///< `node.page`; "" for none
    };

    /// Port 0 picks a free one. Fault::unavailable: somebody else listens there. Fault::config: it
    /// can't be listened on.
    static Result<std::unique_ptr<WebServer>> start(Surroundings surroundings,
                                                    Endpoint const& listen);
    ~WebServer();

    Endpoint listening() const;

    /// An address that logs one browser in, within two minutes: `{"url"}`. Args: `ref`, "" for all.
    asio::awaitable<Result<node::Json>> open_page(node::LocalCall& call);

    void stop();

private:
    struct State;
    explicit WebServer(std::shared_ptr<State> state);

    std::shared_ptr<State> state_;
};

}  // namespace satchel::web
