// Who may say what to the page, before any session is looked at: the answers to DNS rebinding and
// to other pages of the same browser (DESIGN.md section 11). Pure.
#pragma once

#include <string>

#include "src/base/result.h"
#include "src/web/http_request.h"

namespace satchel::web {

/// Under which names a connection can have meant this page.
struct PagePlace {
    std::string ip;  ///< that the connection came in at
    std::uint16_t port = 0;
    /// Host, and port where it is not 443, of `node.page`: a proxy speaks TLS there, and hands on
    /// the Host that it was asked for. "" for none.
    std::string public_host;
};

/// Of an `https://` base: "mail.example.net" or "mail.example.net:8443".
std::string host_of_page(std::string const& base);

/// What a path is for.
enum class Room {
    shell,    ///< the page's own files: no secret in them
    content,  ///< attachments, by tickets
    api,
};

Room room_of(std::string const& path);

/// "http://127.0.0.1:7480": where the page that this request belongs to comes from. Fault::refused:
/// Host names another site, such as one whose DNS answer was rebound to this machine.
Result<std::string> origin_of(HttpRequest const& request, PagePlace const& place);

/// Fault::refused with the reason for requests that another site's page may have made.
Status admit_visit(HttpRequest const& request, PagePlace const& place);

}  // namespace satchel::web
