#include "src/programs/whole/mail_world.h"

#include "src/core/home.h"
#include "src/node/local_attachment_depot.h"
#include "src/node/local_escrow_depot.h"
#include "src/node/local_recipient_locator.h"

namespace satchel::programs {

Result<std::unique_ptr<mailgw::Gateway>> MailWorld::open(
    cli::Globals const& globals, std::vector<std::string> request_settings) {
    auto const config = globals.config();
    if (!config) return fail(config.error());
    auto make_link = [socket = Home(globals.home).node_socket(),
                      settings = std::move(request_settings), cutter_of_all = cutter] {
        return node::NodeLink(socket, settings, cutter_of_all);
    };
    mailgw::Gateway::World world{
        .make_locator =
            [make_link] { return std::make_unique<node::LocalRecipientLocator>(make_link()); },
        .make_depot =
            [make_link] { return std::make_unique<node::LocalAttachmentDepot>(make_link()); },
        .make_escrow =
            [make_link] { return std::make_unique<node::LocalEscrowDepot>(make_link()); },
        .clock = clock,
        .randomness = randomness,
        .log = log};
    return mailgw::Gateway::open(config->gateway, std::move(world));
}

}  // namespace satchel::programs
