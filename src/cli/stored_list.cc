#include "src/cli/stored_list.h"

namespace satchel::cli {

Status each_stored(NodeSession& session, std::function<Status(node::Json const&)> const& take) {
    for (node::Json after = 0; !after.is_null();) {
        auto const some = session.call("ls", {{"after", after}});
        if (!some) return fail(some.error());
        for (auto const& entry : some->at("blobs"))
            if (Status taken = take(entry); !taken) return taken;
        after = some->value("next", node::Json());
    }
    return {};
}

}  // namespace satchel::cli
