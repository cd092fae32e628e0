#include "src/web/visit_rules.h"

#include <algorithm>

namespace satchel::web {

namespace {

std::string lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

}  // namespace

std::string host_of_page(std::string const& base) {
    constexpr std::string_view scheme = "https://";
    if (!base.starts_with(scheme)) return "";
    std::string const rest = base.substr(scheme.size());
    std::string host = lower(rest.substr(0, rest.find('/')));
    constexpr std::string_view usual_port = ":443";
    if (host.ends_with(usual_port)) host.resize(host.size() - usual_port.size());
    return host;
}

Room room_of(std::string const& path) {
    if (path.starts_with("/api/")) return Room::api;
    return path.starts_with("/c/") ? Room::content : Room::shell;
}

Result<std::string> origin_of(HttpRequest const& request, PagePlace const& place) {
    std::string const host = lower(request.host);
    if (!place.public_host.empty() && host == place.public_host) return "https://" + host;
    bool const six = place.ip.find(':') != std::string::npos;
    std::string const port = place.port == 80 ? "" : ':' + std::to_string(place.port);
    bool const loopback = place.ip.starts_with("127.") || place.ip == "::1";
    // An address can't be rebound; "localhost" is never asked of a DNS server by a browser.
    bool const by_address = host == (six ? '[' + place.ip + ']' : place.ip) + port;
    bool const by_name = loopback && host == "localhost" + port;
    if (by_address || by_name) return "http://" + host;
    return fail(Fault::refused,
                "this is not the page of " + request.host.substr(0, 80) +
                    ": another site's name leads here. Behind a proxy, node.page must name the "
                    "site");
}

Status admit_visit(HttpRequest const& request, PagePlace const& place) {
    auto const own = origin_of(request, place);
    if (!own) return fail(own.error());
    Room const room = room_of(request.path);
    bool const changes = request.method == transfer::Method::post;
    if (!request.origin.empty() && request.origin != *own)
        return fail(Fault::refused, "another site's page asks");
    if (changes && request.origin.empty())
        return fail(Fault::refused, "a request that may change something names its Origin");
    // A link in a mail leads to the shell from anywhere; what is behind it is the page's alone.
    std::string const& site = request.fetch_site;
    bool const of_page = site.empty() || site == "same-origin";
    bool const by_hand = site == "none" && room == Room::content;
    if (room != Room::shell && !of_page && !by_hand)
        return fail(Fault::refused, "another site's page asks");
    if (changes && request.content_type != "application/json")
        return fail(Fault::usage, "bodies here are application/json");
    return {};
}

}  // namespace satchel::web
