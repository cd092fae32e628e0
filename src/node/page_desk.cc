#include "src/node/page_desk.h"

namespace satchel::node {

asio::awaitable<Result<Json>> PageDesk::ask(LocalCall& call) {
    auto const handler = page_verbs_.handler_of(call.request.verb);
    if (handler) co_return co_await handler(call);
    co_return co_await verbs_(call);
}

}  // namespace satchel::node
