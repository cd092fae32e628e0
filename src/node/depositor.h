// Gets rid of an attachment: encrypts it once, and brings the blob to the storage of each
// recipient.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dht/address_resolver.h"
#include "mailgw/attachment_depot.h"
#include "src/base/clock.h"
#include "src/base/event_log.h"
#include "src/base/randomness.h"
#include "src/base/worker_pool.h"
#include "src/core/identity.h"
#include "src/node/publisher.h"
#include "src/node/storage_host.h"
#include "src/node/trust_view.h"
#include "transfer/control_client.h"
#include "transfer/outgoing_blob.h"

namespace satchel::node {

/// What is the same for all recipients of one deposit.
struct DepositRequest {
    mailgw::AttachmentSource source;
    FileLabel label;  ///< of a push: digest and size are filled in from what was read
    bool label_is_final = true;
    Bytes restore;  ///< empty: nothing to seal
    std::string sender;
    std::vector<Address> recipients;
};

/// Bytes moved so far, of all that will be.
using DepositProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// Owner's thread; all references must outlive it.
class Depositor {
public:
    struct World {
        asio::io_context& owner;
        location::AddressResolver& resolver;
        transfer::ControlClient& client;
        WorkerPool& workers;
        OutgoingOffers& outgoing;
        Publisher const& publisher;
        Identity const& identity;
        Clock const& clock;
        Randomness& randomness;
        EventLog const& log;
        std::filesystem::path outbox;
    };

    explicit Depositor(World world)
        : world_(std::move(world)) {}

    /// Reads `file` in the request's range. Fails only when the content can't be read or encrypted:
    /// what goes wrong with one recipient is told in their outcome.
    asio::awaitable<Result<mailgw::Deposit>> deposit(UniqueFd file, DepositRequest request,
                                                     TrustView trust, DepositProgress progress);

    std::uint64_t sent_bytes() const { return sent_bytes_; }

private:
    struct Job;

    asio::awaitable<void> serve(std::shared_ptr<Job> job);
    asio::awaitable<Status> bring(Job& job, Address const& address,
                                  mailgw::DepositOutcome& outcome);
    Result<Offer> make_offer(Job const& job, LookupReport const& report, NodeReport const& node,
                             Bytes const& grant) const;

    World world_;
    std::uint64_t sent_bytes_ = 0;
};

}  // namespace satchel::node
