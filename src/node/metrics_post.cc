#include "src/node/metrics_post.h"

#include "src/node/prometheus_text.h"

namespace satchel::node {

Result<std::unique_ptr<MetricsPost>> MetricsPost::start(asio::io_context& owner,
                                                        Endpoint const& listen,
                                                        MetricsDesk::World world) {
    EventLog const& log = world.log;
    std::unique_ptr<MetricsPost> post(new MetricsPost(std::move(world)));
    auto text = [&desk = post->desk_]() -> asio::awaitable<std::string> {
        auto const figures = co_await desk.gather();
        co_return prometheus_text(figures);
    };
    auto socket = MetricsSocket::start(owner, listen, std::move(text));
    if (!socket) return fail(socket.error());
    post->socket_ = std::move(*socket);
    log.info("metrics", {{"listen", post->socket_->listening().to_string()}});
    return post;
}

}  // namespace satchel::node
