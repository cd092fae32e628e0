// What all visits to one page share.
#pragma once

#include <string>

#include "src/base/event_log.h"
#include "src/node/page_desk.h"
#include "src/web/sessions.h"

namespace satchel::web {

struct PageHouse {
    asio::io_context& owner;
    node::PageDesk& desk;
    Sessions sessions;
    std::string public_host;  ///< of `node.page`; "" for none
    EventLog const& log;
    bool stopped = false;
};

}  // namespace satchel::web
