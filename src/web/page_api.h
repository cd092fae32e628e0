// What the page's requests mean to the node: the path and body of a request become a verb of the
// local API. Pure.
#pragma once

#include <optional>

#include "src/base/result.h"
#include "src/node/local_message.h"
#include "src/web/http_request.h"

namespace satchel::web {

/// `body`: of a POST, an object; else empty. Fault::not_found: no such path, or not by this method.
Result<node::LocalRequest> verb_of(HttpRequest const& request, node::Json const& body);

/// "…/attachments/ID/ACTION": the two words, "" where they are missing.
struct AttachmentPath {
    std::string id;
    std::string action;
};

std::optional<AttachmentPath> attachment_path(std::string const& path);

}  // namespace satchel::web
