// Gets rid of an attachment: encrypts it once, and brings the blob to the storage of each
// recipient, or keeps it for those whose storage is away.
#pragma once

#include <atomic>
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
#include "src/node/begun_blobs.h"
#include "src/node/blob_carrier.h"
#include "src/node/deposit_request.h"
#include "src/node/escrow.h"
#include "src/node/trust_view.h"
#include "src/node/unfinished_blobs.h"
#include "transfer/outgoing_blob.h"

namespace satchel::node {

/// Bytes moved so far, of all that will be.
using DepositProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// What has become of it for one recipient, while others are still served.
using DepositSettled = std::function<void(mailgw::DepositOutcome const&)>;

struct DepositAhead;
struct DepositJob;

/// Owner's thread; all references must outlive it.
class Depositor {
public:
    struct World {
        asio::io_context& owner;
        location::AddressResolver& resolver;
        BlobCarrier& carrier;
        Escrow* escrow;  ///< null where nothing may be kept
        WorkerPool& workers;
        Identity const& identity;
        Clock const& clock;
        Randomness& randomness;
        EventLog const& log;
        std::filesystem::path outbox;
    };

    explicit Depositor(World world);
    Depositor(Depositor const&) = delete;
    Depositor& operator=(Depositor const&) = delete;
    ~Depositor();

    /// Reads `file` in the request's range. Fails only when the content can't be read or encrypted:
    /// what goes wrong with one recipient is told in their outcome.
    asio::awaitable<Result<mailgw::Deposit>> deposit(UniqueFd file, DepositRequest request,
                                                     TrustView trust, DepositProgress progress,
                                                     DepositSettled settled = {});

    /// What became of attachments, once for each recipient, since the node began.
    struct Totals {
        std::uint64_t delivered = 0;
        std::uint64_t escrowed = 0;
        std::uint64_t failed = 0;
        std::uint64_t detached_bytes = 0;  ///< of content that is not in the mail for it
    };

    Totals const& totals() const { return totals_; }

private:
    using Job = DepositJob;

    std::shared_ptr<Job> begin(DepositRequest request, TrustView trust, DepositProgress progress);
    asio::awaitable<bool> take_up(std::shared_ptr<Job> job);
    asio::awaitable<void> let_ahead(std::shared_ptr<Job> job);
    std::size_t free_window();
    void give_back_window(Job const& job, bool all_sent);
    asio::awaitable<void> encrypt(std::shared_ptr<Job> job);
    static void adopt(Job& job, transfer::OutgoingBlob blob);
    /// All of the blob stands in its file, and a later process can go on with it. Fault::corrupt:
    /// part of it went from memory, and the file that it was made of is another one by now.
    asio::awaitable<Status> complete(Job& job);
    Result<transfer::OutgoingBlob> encrypt_now(Job const& job, transfer::OutgoingWay way);
    Status complete_now(Job& job, transfer::OutgoingBlob& blob);
    void keep_begun(Job& job, transfer::OutgoingBlob const& blob);
    void forget_unfinished(Job& job);
    void give_up_unfinished(Job& job, Fault fault);
    /// What the recipient's storage may take before all is encrypted.
    asio::awaitable<void> send_ahead(Job& job, std::size_t index, LookupReport const& report,
                                     std::shared_ptr<DepositAhead> ahead);
    asio::awaitable<void> serve(std::shared_ptr<Job> job);
    asio::awaitable<Status> bring(Job& job, std::size_t index);
    asio::awaitable<Result<transfer::Delivered>> carry(Job& job, CarryOrder order,
                                                       std::vector<NodeReport> nodes);
    Result<EscrowItem> prepare(Job& job, std::size_t index, LookupReport const& report);
    std::function<void(std::uint64_t)> progress_of(Job& job, std::size_t index) const;
    static std::optional<SentAhead> known_offer(Job const& job, LookupReport const& report);
    bool may_keep(Job const& job) const;
    asio::awaitable<void> wait_for_all(Job& job);
    void answer_without_slow(Job& job) const;
    asio::awaitable<void> hand_over(Job& job, std::size_t index,
                                    Result<transfer::Delivered> delivered, std::uint64_t wanted);
    asio::awaitable<void> keep(Job& job);
    asio::awaitable<void> settle(std::shared_ptr<Job> job);

    void count(Job const& job);
    static bool file_has_changed(Job const& job);

    World world_;
    BegunBlobs begun_;
    UnfinishedBlobs unfinished_;
    std::vector<std::weak_ptr<transfer::GrowingBlob>> windows_;  ///< of blobs that go from memory
    Totals totals_;
    std::atomic<bool> stopping_ = false;
    /// For what takes long: small files wait for nobody. Ends before what its work uses.
    WorkerPool encryptors_;
};

}  // namespace satchel::node
