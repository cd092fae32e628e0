// Publishes what this node has to say in the DHT: its users' storage records, and where it can be
// reached.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "dht/record_keeper.h"
#include "src/base/clock.h"
#include "src/base/randomness.h"
#include "src/core/config.h"
#include "src/core/identity.h"
#include "src/core/presence_record.h"
#include "src/core/storage_record.h"
#include "src/node/publication_list.h"

namespace satchel::node {

struct Published {
    Address address;
    std::uint64_t seq = 0;
    std::uint64_t expires = 0;  ///< Unix seconds
    Trust trust = Trust::none;  ///< at which readers can believe it
    unsigned neighbours = 0;    ///< DHT nodes that got it so far
};

/// Owner's thread. All references must outlive it.
class Publisher {
public:
    Publisher(location::RecordKeeper& keeper, Identity const& identity,
              PublicationList publications, PresenceSecret presence_secret, AcceptPolicy accept,
              std::string page, Clock const& clock, Randomness& randomness);

    /// Keeps all published records alive from now on, and the presence unless `endpoints` is empty.
    void start(std::vector<Endpoint> endpoints);

    /// Checks that the grant is for this address and these keys, and puts the record. Fault::usage
    /// otherwise.
    asio::awaitable<Result<Published>> publish(Address address, std::optional<BindingGrant> grant);

    /// Replaces the record by one without nodes.
    asio::awaitable<Result<Published>> unpublish(Address address);

    /// Tells the world that this node goes.
    asio::awaitable<void> say_goodbye();

    std::vector<Publication> const& published() const { return publications_.all(); }

    /// The binding to show with offers from this address.
    std::optional<Binding> binding_of(Address const& address) const;

private:
    struct Slot {
        PublicKey owner;
        std::uint64_t epoch = 0;
        std::uint64_t expires = 0;  ///< 0: as the record
        std::optional<Signature> proof;
    };

    std::vector<Slot> slots_of(Publication const& publication) const;
    void keep_storage(Publication const& publication);
    Result<RecordEnvelope> sign_storage(Address const& address, Locator const& locator,
                                        Slot const& slot, StorageRecord const& record);
    Result<RecordEnvelope> current_storage(Address const& address, Locator const& locator,
                                           Slot const& slot);
    Result<RecordEnvelope> sign_presence();
    StorageRecord record_of(Address const& address) const;
    std::uint64_t next_seq();

    location::RecordKeeper& keeper_;
    Identity const& identity_;
    PublicationList publications_;
    PresenceSecret presence_secret_;
    AcceptPolicy accept_;
    std::string page_;
    Clock const& clock_;
    Randomness& randomness_;
    PresenceRecord presence_;
    std::map<std::pair<std::string, PublicKey>, RecordEnvelope> signed_;
    std::uint64_t last_seq_ = 0;
};

}  // namespace satchel::node
