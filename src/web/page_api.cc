#include "src/web/page_api.h"

namespace satchel::web {

namespace {

using node::Json;
using node::LocalRequest;
using transfer::Method;

constexpr std::string_view attachments_path = "/api/attachments";

LocalRequest list_request(HttpRequest const& request) {
    std::string const order = request.query_text("order");
    return {.verb = "attachments",
            .args = {{"words", request.query_text("words")},
                     {"order", order.empty() ? "stored" : order},
                     {"descending", request.query_text("way") != "up"},
                     {"from", request.query_number("from", 0)},
                     {"count", request.query_number("count", 100)}},
            .settings = {}};
}

Result<LocalRequest> verb_of_attachment(AttachmentPath const& path, Method method) {
    struct Row {
        Method method;
        char const* action;
        char const* verb;
    };

    for (Row const& row :
         {Row{Method::get, "", "attachment"}, Row{Method::post, "delete", "rm"},
          Row{Method::post, "fetch", "fetch"}, Row{Method::post, "mail", "mail"}}) {
        if (row.method == method && path.action == row.action)
            return LocalRequest{.verb = row.verb, .args = {{"ref", path.id}}, .settings = {}};
    }
    return fail(Fault::not_found, "nothing here");
}

}  // namespace

std::optional<AttachmentPath> attachment_path(std::string const& path) {
    if (!path.starts_with(std::string(attachments_path) + '/')) return std::nullopt;
    std::string const rest = path.substr(attachments_path.size() + 1);
    auto const slash = rest.find('/');
    if (slash == std::string::npos) return AttachmentPath{rest, ""};
    return AttachmentPath{rest.substr(0, slash), rest.substr(slash + 1)};
}

Result<LocalRequest> verb_of(HttpRequest const& request, Json const& body) {
    Method const method = request.method;
    if (method == Method::get && request.path == attachments_path) return list_request(request);
    if (auto const path = attachment_path(request.path)) return verb_of_attachment(*path, method);

    struct Row {
        Method method;
        char const* path;
        char const* verb;
    };

    for (Row const& row : {Row{Method::get, "/api/status", "status"},
                           Row{Method::get, "/api/transfers", "transfers"},
                           Row{Method::get, "/api/storage", "storage"},
                           Row{Method::get, "/api/gateway", "gateway_queue"},
                           Row{Method::post, "/api/gateway/retry", "gateway_retry"},
                           Row{Method::post, "/api/gateway/repair", "gateway_repair"},
                           Row{Method::post, "/api/doctor", "doctor"}}) {
        if (row.method == method && request.path == row.path)
            return LocalRequest{.verb = row.verb, .args = body, .settings = {}};
    }
    if (method == Method::get && request.path == "/api/receipts")
        return LocalRequest{.verb = "receipts",
                            .args = {{"from", request.query_number("from", 0)},
                                     {"count", request.query_number("count", 100)}},
                            .settings = {}};
    return fail(Fault::not_found, "nothing here");
}

}  // namespace satchel::web
