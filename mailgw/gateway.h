// The mail gateway: SMTP in (LMTP for incoming mail), durable spool, attachments detached where
// recipients have storage, next hop out. It asks the world for two things: where recipients store,
// and to get rid of attachments.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mailgw/attachment_depot.h"
#include "mailgw/envelope.h"
#include "mailgw/escrow_depot.h"
#include "mailgw/message_planning.h"
#include "mailgw/recipient_locator.h"
#include "mailgw/spooled_message.h"
#include "src/base/clock.h"
#include "src/base/event_log.h"
#include "src/base/randomness.h"
#include "src/base/result.h"
#include "src/core/config.h"

namespace satchel::mailgw {

class Gateway {
public:
    /// Each delivery thread makes its own pair. What they do blocks; to end a gateway within
    /// seconds, make them fail before stop() is called: what they say then is not counted.
    struct World {
        std::function<std::unique_ptr<RecipientLocator>()> make_locator;
        std::function<std::unique_ptr<AttachmentDepot>()> make_depot;
        std::function<std::unique_ptr<EscrowDepot>()> make_escrow;  ///< none: nothing is kept
        Clock const& clock;
        Randomness& randomness;  ///< thread-safe
        EventLog const& log;
    };

    /// Opens the spool (Fault::unavailable while another process has it) and checks the settings.
    /// Nothing runs yet; submit() and the queue work.
    static Result<std::unique_ptr<Gateway>> open(GatewaySettings const& settings, World world);

    /// As stop().
    ~Gateway();

    /// Listens, and delivers what is in the spool.
    Status start();

    /// The port of the SMTP listener, once started.
    std::uint16_t smtp_port() const;
    /// The port of the LMTP listener, once started; none where incoming mail is not asked for.
    std::optional<std::uint16_t> lmtp_port() const;

    /// First half of a stop, returns at once: waiting for next hops ends, and what locator or depot
    /// say from now on is not counted.
    void begin_stop();
    /// Listener, threads, connections: all ended when it returns. What is in the spool stays there.
    void stop();

    /// in_full: nothing is detached, whatever the recipients have.
    enum class Handling { as_planned, in_full };

    /// Takes a message from `fd` (read to its end), delivers it in this thread, and tells how far
    /// it came: a recipient who is still `queued` is tried again by a started gateway on this
    /// spool. Only a failure means that the message was not taken. Any thread.
    Result<SpooledMessage> submit(int fd, Envelope envelope,
                                  Handling handling = Handling::as_planned);

    /// What submit() would do, and nothing else. `fd` must be a file.
    Result<MessagePlan> preview(int fd, Envelope const& envelope);

    /// Everything that is in the spool, oldest first. Any thread.
    Result<std::vector<SpooledMessage>> queue();
    /// Tries again now what waits or failed, and looks for storages that are away. Gives the number
    /// of recipients. Fault::not_found. Any thread.
    Result<std::size_t> retry(std::string const& id);
    /// Sends in full, now, what waits in escrow. Gives the number of recipients. Fault::not_found.
    /// Any thread.
    Result<std::size_t> repair(std::string const& id);

private:
    class Works;
    explicit Gateway(std::unique_ptr<Works> works);
    std::unique_ptr<Works> works_;
};

}  // namespace satchel::mailgw
