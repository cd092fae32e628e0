#include "transfer/control_server.h"

#include <map>
#include <set>

#include "transfer/blob_intake.h"
#include "transfer/body_pump.h"
#include "transfer/control_session.h"
#include "transfer/device_proof.h"
#include "transfer/tls_channel.h"

namespace satchel::transfer {

using asio::ip::tcp;

namespace {

constexpr std::chrono::seconds sweep_period{15};

struct Connection {
    Connection(tcp::socket socket, asio::ssl::context& context)
        : channel(std::move(socket), context) {}

    TlsChannel channel;
    Caller caller;
    std::string address;
};

}  // namespace

struct ControlServer::State : std::enable_shared_from_this<State> {
    State(Surroundings surroundings, TlsIdentity tls, ServerLimits const& bounds)
        : around(surroundings)
        , identity(std::move(tls))
        , limits(bounds)
        , acceptor(around.owner)
        , sweeper(around.owner)
        , intake({around.owner.get_executor(), around.pool, around.store, around.host,
                  around.node_key, around.clock},
                 bounds)
        , session(around.host, intake.offers(), around.clock,
                  NodeKey(around.node_key.public_key())) {}

    using Shared = std::shared_ptr<Connection>;

    asio::awaitable<void> accept_loop();
    asio::awaitable<void> sweep_loop();
    asio::awaitable<void> serve(Shared connection);
    asio::awaitable<bool> answer_one(Connection& connection, RequestHead head);
    asio::awaitable<Answer> answer_for(Connection& connection, ControlRequest request);
    asio::awaitable<bool> send_blob(Connection& connection, AskBlob request, bool keep_alive);
    asio::awaitable<Answer> layer_for(Connection& connection, ContentId id);
    asio::awaitable<bool> may_read(Connection& connection, ContentId id);
    asio::awaitable<bool> send(Connection& connection, Answer answer, bool keep_alive);
    asio::awaitable<Result<Bytes>> read_body(Connection& connection, std::size_t size);
    bool has_room_for(std::string const& address) const;

    Surroundings around;
    TlsIdentity identity;
    ServerLimits limits;
    tcp::acceptor acceptor;
    asio::steady_timer sweeper;
    BlobIntake intake;
    ControlSession session;
    std::set<Shared> connections;
    std::map<std::string, std::size_t> by_address;
    std::uint64_t sent_bytes = 0;
    bool stopped = false;
};

Result<std::unique_ptr<ControlServer>> ControlServer::start(Surroundings surroundings,
                                                            Endpoint const& listen,
                                                            ServerLimits const& limits) {
    auto identity = TlsIdentity::create(surroundings.node_key);
    if (!identity) return fail(identity.error());
    auto state = std::make_shared<State>(surroundings, std::move(*identity), limits);
    boost::system::error_code failed;
    tcp::endpoint const endpoint(asio::ip::make_address(listen.ip, failed), listen.port);
    if (!failed) state->acceptor.open(endpoint.protocol(), failed);
    if (!failed) state->acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
    if (!failed) state->acceptor.bind(endpoint, failed);
    if (!failed) state->acceptor.listen(tcp::acceptor::max_listen_connections, failed);
    if (failed)
        return fail(Fault::config, "control port " + listen.to_string() + ": " + failed.message());
    asio::co_spawn(
        surroundings.owner, [state] { return state->accept_loop(); }, asio::detached);
    asio::co_spawn(
        surroundings.owner, [state] { return state->sweep_loop(); }, asio::detached);
    return std::unique_ptr<ControlServer>(new ControlServer(std::move(state)));
}

ControlServer::ControlServer(std::shared_ptr<State> state)
    : state_(std::move(state)) {}

ControlServer::~ControlServer() {
    stop();
}

Endpoint ControlServer::listening() const {
    boost::system::error_code ignored;
    auto const endpoint = state_->acceptor.local_endpoint(ignored);
    return {endpoint.address().to_string(), endpoint.port()};
}

std::uint64_t ControlServer::sent_bytes() const {
    return state_->sent_bytes;
}

void ControlServer::stop() {
    if (state_->stopped) return;
    state_->stopped = true;
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
    state_->sweeper.cancel();
    for (auto const& connection : state_->connections)
        connection->channel.close();
}

bool ControlServer::State::has_room_for(std::string const& address) const {
    if (connections.size() >= limits.connections) return false;
    auto const here = by_address.find(address);
    return here == by_address.end() || here->second < limits.connections_per_address;
}

asio::awaitable<void> ControlServer::State::accept_loop() {
    auto const self = shared_from_this();
    while (!stopped) {
        boost::system::error_code failed;
        tcp::socket socket(around.owner);
        co_await acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, failed));
        if (stopped) co_return;
        if (failed) {  // out of descriptors, most likely: others will be closed meanwhile
            asio::steady_timer pause(around.owner, std::chrono::milliseconds(100));
            co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failed));
            continue;
        }
        std::string const address = socket.remote_endpoint(failed).address().to_string();
        if (failed || !has_room_for(address)) continue;
        socket.set_option(tcp::no_delay(true), failed);
        auto connection = std::make_shared<Connection>(std::move(socket), identity.server());
        connection->address = address;
        connections.insert(connection);
        ++by_address[address];
        asio::co_spawn(
            around.owner, [self, connection] { return self->serve(connection); }, asio::detached);
    }
}

asio::awaitable<void> ControlServer::State::sweep_loop() {
    auto const self = shared_from_this();
    while (!stopped) {
        boost::system::error_code ignored;
        sweeper.expires_after(sweep_period);
        co_await sweeper.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        if (!stopped) intake.sweep();
    }
}

asio::awaitable<void> ControlServer::State::serve(Shared connection) {
    auto const self = shared_from_this();
    TlsChannel& channel = connection->channel;
    Status const greeted = co_await channel.accept_handshake(limits.handshake);
    if (greeted) connection->caller.node = channel.peer();
    bool go_on = greeted.has_value();
    while (go_on && !stopped) {
        auto const text = co_await channel.read_head(limits.idle, limits.head);
        if (!text || text->empty()) break;
        auto head = parse_request_head(*text);
        if (!head) {
            Answer const refusal = answer_of(Refusal{400, "bad-request", head.error().what});
            co_await send(*connection, refusal, false);
            break;
        }
        go_on = co_await answer_one(*connection, std::move(*head));
    }
    if (greeted && !stopped) channel.end_sending();
    channel.close();
    if (--by_address[connection->address] == 0) by_address.erase(connection->address);
    connections.erase(connection);
}

asio::awaitable<bool> ControlServer::State::answer_one(Connection& connection, RequestHead head) {
    if (!head.device.empty()) {
        auto const exporter = connection.channel.exporter();
        if (exporter) {
            if (auto const device = check_device_proof(head.device, *exporter))
                connection.caller.device = *device;
        }
    }
    ControlRequest request = read_request(head);
    if (auto const* const blob = std::get_if<AskBlob>(&request)) {
        co_return co_await send_blob(connection, *blob, head.keep_alive);
    }
    bool const refused = std::holds_alternative<Refusal>(request);
    bool const has_body = head.content_length.value_or(0) > 0;
    Answer answer = co_await answer_for(connection, std::move(request));
    // A body that nobody reads can't be told from the next request.
    bool const keep_alive = head.keep_alive && !answer.hang_up && !(refused && has_body);
    co_return co_await send(connection, std::move(answer), keep_alive);
}

asio::awaitable<Result<Bytes>> ControlServer::State::read_body(Connection& connection,
                                                               std::size_t size) {
    Bytes body(size);
    connection.channel.deadline().expires_after(limits.small_body);
    Status const read = co_await connection.channel.read_exactly(body);
    connection.channel.deadline().suspend();
    if (!read) co_return fail(read.error());
    co_return body;
}

asio::awaitable<Answer> ControlServer::State::answer_for(Connection& connection,
                                                         ControlRequest request) {
    Answer hang_up = nothing_here();
    hang_up.hang_up = true;
    if (auto const* const refusal = std::get_if<Refusal>(&request)) co_return answer_of(*refusal);
    if (std::holds_alternative<AskPing>(request)) co_return session.ping();
    if (auto const* const ask = std::get_if<AskOffer>(&request))
        co_return session.offer(connection.caller, ask->id);
    if (auto const* const ask = std::get_if<AskReceipt>(&request)) {
        co_return session.receipt(connection.caller, ask->offer);
    }
    if (std::holds_alternative<AskWaiting>(request)) co_return session.waiting(connection.caller);
    if (auto const* const ask = std::get_if<AskLayer>(&request))
        co_return co_await layer_for(connection, ask->id);
    if (auto const* const post = std::get_if<PostOffer>(&request)) {
        auto const body = co_await read_body(connection, post->body_bytes);
        if (!body) co_return hang_up;
        auto offer = decode_offer_request(*body);
        if (!offer) co_return answer_of(Refusal{400, "bad-offer", offer.error().what});
        co_return co_await intake.take_offer(session, connection.caller, std::move(*offer));
    }
    if (auto const* const put = std::get_if<PutLayer>(&request)) {
        auto body = co_await read_body(connection, put->body_bytes);
        if (!body) co_return hang_up;
        co_return co_await intake.take_layer(connection.caller, put->id, std::move(*body));
    }
    if (auto const* const put = std::get_if<PutBlob>(&request)) {
        TlsChannel& channel = connection.channel;
        std::function<void()> interrupt = [&channel] { channel.close(); };
        co_return co_await intake.take_blob(connection.caller, *put, channel, std::move(interrupt));
    }
    co_return hang_up;
}

asio::awaitable<bool> ControlServer::State::may_read(Connection& connection, ContentId id) {
    auto look = [&store = around.store, id] { return store.find(id); };
    auto const held = co_await around.pool.await(std::move(look));
    co_return held&&* held&& session.may_read(connection.caller, **held);
}

asio::awaitable<Answer> ControlServer::State::layer_for(Connection& connection, ContentId id) {
    if (session.is_offered_to(connection.caller, id)) {
        if (auto content = around.host.open_outgoing(id))
            co_return Answer{200, std::move(content->layer), false};
    }
    if (!co_await may_read(connection, id)) co_return nothing_here();
    auto read = [&store = around.store, id] { return store.layer(id); };
    auto layer = co_await around.pool.await(std::move(read));
    if (!layer) co_return nothing_here();
    co_return Answer{200, std::move(*layer), false};
}

asio::awaitable<bool> ControlServer::State::send_blob(Connection& connection, AskBlob request,
                                                      bool keep_alive) {
    auto file = std::make_shared<UniqueFd>();
    if (session.is_offered_to(connection.caller, request.id)) {
        if (auto content = around.host.open_outgoing(request.id)) *file = std::move(content->file);
    }
    if (!*file && co_await may_read(connection, request.id)) {
        auto open = [&store = around.store, id = request.id] { return store.open(id); };
        auto opened = co_await around.pool.await(std::move(open));
        if (opened) *file = std::move(*opened);
    }
    Result<std::uint64_t> const size =
        *file ? file_size(file->get()) : fail(Fault::not_found, "nothing here");
    if (!size || *size == 0) co_return co_await send(connection, nothing_here(), keep_alive);
    AnswerLine line;
    line.content_type = "application/octet-stream";
    line.keep_alive = keep_alive;
    ByteRange range{0, *size - 1};
    if (!request.range.empty()) {
        auto const wanted = parse_range(request.range, *size);
        if (!wanted) {
            Answer const refusal = answer_of(Refusal{416, "bad-range", wanted.error().what});
            co_return co_await send(connection, refusal, keep_alive);
        }
        range = *wanted;
        line.status = 206;
        line.content_range = ContentRange{range, *size};
    }
    line.content_length = range.bytes();
    std::string const head = write_answer_head(line);
    connection.channel.deadline().expires_after(limits.chunk);
    Status const written = co_await connection.channel.write(bytes_of(head));
    if (!written) co_return false;
    if (request.head_only) co_return keep_alive;
    OutgoingBody body;
    body.file = file;
    body.first = range.first;
    body.bytes = range.bytes();
    body.chunk_patience = limits.chunk;
    body.go_on = [this](std::uint64_t) { return !stopped; };
    PumpResult const pumped = co_await send_body(connection.channel, around.pool, std::move(body));
    if (!pumped.network || !pumped.disk) co_return false;
    sent_bytes += range.bytes();
    co_return keep_alive && !stopped;
}

asio::awaitable<bool> ControlServer::State::send(Connection& connection, Answer answer,
                                                 bool keep_alive) {
    AnswerLine line;
    line.status = answer.status;
    line.content_length = answer.body.size();
    line.keep_alive = keep_alive;
    std::string const head = write_answer_head(line);
    Bytes whole = copy_of(bytes_of(head));
    append(whole, answer.body);
    connection.channel.deadline().expires_after(limits.small_body);
    Status const written = co_await connection.channel.write(whole);
    connection.channel.deadline().suspend();
    co_return written&& keep_alive;
}

}  // namespace satchel::transfer
