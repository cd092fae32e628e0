#include "src/node/page_desk.h"

namespace satchel::node {

Result<std::unique_ptr<PageDesk>> PageDesk::open(World world) {
    PageVerbs::World const& page = world.page;
    auto cataloguer = Cataloguer::open(page.home.catalogue_file(),
                                       {world.owner, page.workers, page.store, world.retriever,
                                        world.users, page.identity, world.log});
    if (!cataloguer) return fail(cataloguer.error());
    return std::unique_ptr<PageDesk>(new PageDesk(std::move(*cataloguer), world));
}

asio::awaitable<Result<Json>> PageDesk::ask(LocalCall& call) {
    auto const handler = page_verbs_.handler_of(call.request.verb);
    if (handler) co_return co_await handler(call);
    co_return co_await verbs_(call);
}

}  // namespace satchel::node
