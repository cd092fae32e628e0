#include "src/web/page_visit.h"

#include <algorithm>

#include "src/base/hex.h"
#include "src/core/file_label.h"
#include "src/core/reference.h"
#include "src/web/assets.h"
#include "src/web/page_api.h"
#include "src/web/preview_format.h"

namespace satchel::web {

namespace {

using namespace std::chrono_literals;
using node::Json;
using transfer::Method;

constexpr auto first_head_patience = 10s;
constexpr auto idle_patience = 60s;  // of a browser that is known
constexpr auto body_patience = 10s;
constexpr auto write_patience = 60s;
constexpr auto tick = 500ms;
constexpr unsigned ticks_between_signs_of_life = 30;

std::string text_of_json(Json const& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

HttpAnswer answer_with(Json const& json) {
    HttpAnswer answer;
    answer.body = text_of_json(json);
    return answer;
}

HttpAnswer not_logged_in() {
    HttpAnswer answer =
        answer_of({Fault::refused, "run `satchel open` to open this page for your browser"});
    answer.status = 401;
    return answer;
}

HttpAnswer wrong_method() {
    HttpAnswer answer = answer_of({Fault::usage, "not by this method"});
    answer.status = 405;
    return answer;
}

Result<Json> json_in(std::string const& body) {
    if (body.empty()) return Json::object();
    Json json = Json::parse(body, nullptr, false);
    if (!json.is_object()) return fail(Fault::usage, "the body is not a JSON object");
    return json;
}

/// "TICKET" of "/c/TICKET/name".
std::string ticket_in(std::string const& path) {
    std::string const rest = path.substr(3);
    return rest.substr(0, rest.find('/'));
}

}  // namespace

PageVisit::PageVisit(PageHouse& house, asio::ip::tcp::socket socket)
    : house_(house)
    , socket_(std::move(socket)) {
    auto const local = socket_.local();
    place_ = {local.address().to_string(), local.port(), house.public_host};
}

/// Cookies of one host go to all its ports: each port has its own.
std::string PageVisit::cookie_name() const {
    return "satchel-" + std::to_string(place_.port);
}

asio::awaitable<void> PageVisit::serve() {
    bool go_on = true;
    while (go_on && !house_.stopped)
        go_on = co_await serve_one();
    socket_.close();
}

asio::awaitable<void> PageVisit::refuse(Error error, unsigned status) {
    HttpAnswer answer = answer_of(error);
    if (status != 0) answer.status = status;
    answer.close = true;
    std::string const text = head_of(answer) + answer.body;
    Status const told = co_await socket_.write(text, write_patience);
    if (told) co_await socket_.linger();
}

asio::awaitable<bool> PageVisit::serve_one() {
    auto const head = co_await socket_.read_head(known_ ? idle_patience : first_head_patience);
    if (!head) {
        if (head.error().fault == Fault::too_large) co_await refuse(head.error(), 431);
        co_return false;
    }
    if (head->empty()) co_return false;
    auto const request = parse_http_request(*head);
    if (!request) {
        co_await refuse(request.error(), 400);
        co_return false;
    }
    if (auto admitted = admit_visit(*request, place_); !admitted) {
        house_.log.warning("page_refused", {{"reason", admitted.error().what}});
        co_await refuse(admitted.error(), 0);
        co_return false;
    }
    if (request->content_length > http_body_bytes_max) {
        Error const too_long{Fault::too_large, "the body is too long"};
        co_await refuse(too_long, 0);
        co_return false;
    }
    auto body = co_await socket_.read_body(static_cast<std::size_t>(request->content_length),
                                           body_patience);
    if (!body) co_return false;
    bool const go_on = co_await answer(*request, std::move(*body));
    co_return go_on && request->keep_alive;
}

asio::awaitable<bool> PageVisit::answer(HttpRequest const& request, std::string body) {
    known_ = house_.sessions.knows(cookie_of(request));
    Room const room = room_of(request.path);
    if (room == Room::content) co_return co_await give_content(request);
    HttpAnswer given = shell_answer(request);
    if (request.method == Method::other) given = wrong_method();
    if (room == Room::shell || request.method == Method::other)
        co_return co_await send(request, std::move(given));
    bool const permitted = house_.sessions.permits(cookie_of(request), request.key);
    if (request.method == Method::get && request.path == "/api/events" && permitted) {
        co_await stream_events();
        co_return false;
    }
    given = co_await api_answer(request, body);
    co_return co_await send(request, std::move(given));
}

asio::awaitable<bool> PageVisit::send(HttpRequest const& request, HttpAnswer answer) {
    answer.close = answer.close || !request.keep_alive;
    std::string text = head_of(answer);
    if (request.method != Method::head) text += answer.body;
    Status const sent = co_await socket_.write(text, write_patience);
    co_return sent.has_value();
}

HttpAnswer PageVisit::shell_answer(HttpRequest const& request) const {
    if (request.method == Method::post) return wrong_method();
    std::string const name = request.path == "/" ? "index.html" : request.path.substr(1);
    for (Asset const& asset : assets())
        if (asset.name == name)
            return {.type = std::string(asset.type), .body = std::string(asset.body)};
    constexpr std::string_view link = "/a/";
    if (request.path.starts_with(link)) {
        auto const id = ContentId::parse(request.path.substr(link.size()));
        // Relative: a proxy may serve the page below a folder.
        if (id) return {.status = 303, .fields = {{"Location", "../#/a/" + id->to_hex()}}};
    }
    return answer_of({Fault::not_found, "nothing here"});
}

HttpAnswer PageVisit::log_in(HttpRequest const& request, Json const& body) {
    auto const token = body.find("token");
    auto const halves = token != body.end() && token->is_string()
                            ? house_.sessions.redeem(token->get<std::string>())
                            : std::nullopt;
    if (!halves) {
        house_.log.warning("page_login_refused");
        HttpAnswer answer = answer_of(
            {Fault::refused, "this link has been used, or is too old: run `satchel open` again"});
        answer.status = 401;
        return answer;
    }
    house_.log.info("page_login");
    known_ = true;
    HttpAnswer answer = answer_with({{"key", halves->key}});
    bool const tls = !place_.public_host.empty() && request.host == place_.public_host;
    answer.fields.emplace_back("Set-Cookie", cookie_name() + '=' + halves->cookie +
                                                 "; Path=/; HttpOnly; SameSite=Strict" +
                                                 (tls ? "; Secure" : ""));
    return answer;
}

asio::awaitable<HttpAnswer> PageVisit::api_answer(HttpRequest const& request,
                                                  std::string const& body) {
    auto const json = json_in(body);
    if (!json) co_return answer_of(json.error());
    bool const posts = request.method == Method::post;
    if (posts && request.path == "/api/session") co_return log_in(request, *json);
    if (!house_.sessions.permits(cookie_of(request), request.key)) co_return not_logged_in();
    if (posts && request.path == "/api/logout") {
        house_.sessions.end(cookie_of(request));
        co_return answer_with(Json::object());
    }
    auto const result = co_await ask_node(request, *json);
    if (!result) co_return answer_of(result.error());
    co_return answer_with(*result);
}

asio::awaitable<Result<Json>> PageVisit::ask_node(HttpRequest const& request, Json const& body) {
    auto const path = attachment_path(request.path);
    if (path && path->action == "open" && request.method == Method::post)
        co_return co_await open_attachment(request, path->id);
    auto verb = verb_of(request, body);
    if (!verb) co_return fail(verb.error());
    node::LocalCall call{.request = std::move(*verb), .files = {}, .progress = [](Json const&) {}};
    co_return co_await house_.desk.ask(call);
}

asio::awaitable<Result<Json>> PageVisit::open_attachment(HttpRequest const& request,
                                                         std::string reference) {
    auto const id = content_id_in(reference);
    if (!id) co_return fail(id.error());
    auto const checked = co_await house_.desk.reader().check(*id);
    if (!checked) co_return fail(checked.error());
    auto const& label = (*checked)->label;
    std::string const name = safe_file_name(label ? label->name : "");
    std::string const cookie = cookie_of(request);
    auto const path = [&](bool preview) {
        return "c/" + house_.sessions.make_ticket(cookie, {*id, preview}) + '/' +
               percent_encoded(name);
    };
    co_return Json{{"name", name},
                   {"bytes", (*checked)->bytes},
                   {"sha256", to_hex((*checked)->sha256)},
                   {"format", preview_format((*checked)->beginning)},
                   {"save", path(false)},
                   {"show", path(true)}};
}

asio::awaitable<bool> PageVisit::give_content(HttpRequest const& request) {
    HttpAnswer refusal = wrong_method();
    if (request.method != Method::get && request.method != Method::head)
        co_return co_await send(request, std::move(refusal));
    auto const ticket = house_.sessions.find_ticket(cookie_of(request), ticket_in(request.path));
    refusal = not_logged_in();
    if (!ticket) co_return co_await send(request, std::move(refusal));
    auto const checked = co_await house_.desk.reader().check(ticket->content_id);
    if (!checked) {
        refusal = answer_of(checked.error());
        co_return co_await send(request, std::move(refusal));
    }
    co_return co_await give_checked(request, **checked, ticket->preview);
}

asio::awaitable<bool> PageVisit::give_checked(HttpRequest const& request,
                                              node::CheckedAttachment const& attachment,
                                              bool preview) {
    ContentHead head;
    head.name = safe_file_name(attachment.label ? attachment.label->name : "");
    if (preview) {
        head.type = preview_format(attachment.beginning);
        // Text is put in by the page; a browser that is led here saves it.
        if (head.type == "text/plain") head.type.clear();
    }
    head.bytes = attachment.bytes;
    head.tag = to_hex(attachment.sha256);
    head.keep_alive = request.keep_alive;
    if (!request.range.empty()) {
        auto const range = transfer::parse_range(request.range, attachment.bytes);
        if (range) head.range = *range;
        if (!range && range.error().fault == Fault::too_large) {
            HttpAnswer outside = answer_of(range.error());
            outside.status = 416;
            outside.fields.emplace_back("Content-Range",
                                        "bytes */" + std::to_string(attachment.bytes));
            co_return co_await send(request, std::move(outside));
        }
    }
    std::string const text = head_of(head);
    Status const sent = co_await socket_.write(text, write_patience);
    if (!sent) co_return false;
    if (request.method == Method::head || attachment.bytes == 0) co_return true;
    transfer::ByteRange const whole{0, attachment.bytes - 1};
    auto const range = head.range.value_or(whole);
    co_return co_await stream_content(attachment, range);
}

asio::awaitable<bool> PageVisit::stream_content(node::CheckedAttachment const& attachment,
                                                transfer::ByteRange range) {
    node::AttachmentReader& reader = house_.desk.reader();
    auto open = [&reader, &attachment, first = range.first] {
        return reader.read(attachment, first);
    };
    auto opened = co_await reader.workers().await(std::move(open));
    if (!opened) co_return false;
    std::shared_ptr<node::AttachmentCursor> const cursor(std::move(*opened));
    std::uint64_t left = range.bytes();
    while (left > 0 && !house_.stopped) {
        auto read = [cursor] { return cursor->next(); };
        auto const piece = co_await reader.workers().await(std::move(read));
        // What was promised can't be taken back: only an end before its time tells.
        if (!piece || piece->empty()) co_return false;
        auto const now = static_cast<std::size_t>(std::min<std::uint64_t>(left, piece->size()));
        std::string_view const text = text_of(ByteSpan(*piece).first(now));
        Status const sent = co_await socket_.write(text, write_patience);
        if (!sent) co_return false;
        left -= now;
    }
    co_return left == 0;
}

asio::awaitable<void> PageVisit::stream_events() {
    std::string const head = event_stream_head();
    Status alive = co_await socket_.write(head, write_patience);
    std::string before;
    asio::steady_timer timer(house_.owner);
    for (unsigned quiet = 0; alive && !house_.stopped; ++quiet) {
        node::LocalCall call{.request = {.verb = "pulse", .args = Json::object(), .settings = {}},
                             .files = {},
                             .progress = {}};
        auto const pulse = co_await house_.desk.ask(call);
        if (!pulse) co_return;
        std::string now = text_of_json(*pulse);
        if (now != before || quiet >= ticks_between_signs_of_life) {
            std::string const event = now == before ? ":\n\n" : "data: " + now + "\n\n";
            alive = co_await socket_.write(event, write_patience);
            before = std::move(now);
            quiet = 0;
        }
        boost::system::error_code ignored;
        timer.expires_after(tick);
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

}  // namespace satchel::web
