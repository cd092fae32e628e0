// Publishes what this node has to say in the DHT: its users' storage records, and where it can be
// reached.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "dht/record_filter.h"
#include "dht/record_keeper.h"
#include "src/base/clock.h"
#include "src/base/randomness.h"
#include "src/core/config.h"
#include "src/core/identity.h"
#include "src/core/lookup_report.h"
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

/// What was found in the domain's slot counts instead of a record that `own` has just signed: a
/// revocation, or another user's. Finding nothing says nothing: the record may be on its way.
bool overtakes(LookupReport const& found, UserKey const& own);

/// That, in words.
std::string overtaken(Address const& address);

/// A node that stores for an address.
struct NamedNode {
    NodeKey key;
    std::uint32_t priority = 0;  ///< lower is tried first
};

/// What `publish` changes; what it leaves out stays as it was.
struct PublishOrder {
    Address address;
    std::optional<BindingGrant> grant{};
    std::vector<NamedNode> nodes{};
};

/// Owner's thread. All references must outlive it.
class Publisher {
public:
    struct World {
        location::RecordKeeper& keeper;
        Identity const& identity;
        Clock const& clock;
        Randomness& randomness;
        AcceptPolicy accept;
        std::string page;
    };

    Publisher(World world, PublicationList publications, PresenceSecret presence_secret);

    /// Told of every record that is signed here, for the address it is of (a presence: for each).
    void on_signed(std::function<void(Address const&, RecordEnvelope const&)> tell) {
        tell_ = std::move(tell);
    }

    /// The gateway that keeps what arrives while all nodes are off, by domain: in the records from
    /// now on.
    void set_gateway(std::string const& domain, GatewayPlace place);

    /// Keeps all published records alive from now on.
    void start();

    /// Says from now on where this node is. Put at once where it differs from what was said before.
    void be_present(PresenceRecord presence);

    /// Another device of this user has published, and later than this one: what it said counts
    /// here, too, and is put again as it is. True: this home's publication has changed.
    bool follow(Address const& address, location::StorageFinding const& newest);

    /// What seals the presence of a node that `publish` may name.
    void learn_secret(NodeKey const& node, PresenceSecret const& secret);

    /// This node stores for somebody whose record seals its presence by another secret.
    void use_presence_secret(PresenceSecret const& secret);

    /// Checks that the grant is for this address and these keys, and puts the record. Fault::usage
    /// otherwise.
    asio::awaitable<Result<Published>> publish(PublishOrder order);

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
    std::vector<StorageNode> with_secrets(std::vector<NamedNode> const& named) const;
    Status check_grant(Address const& address, BindingGrant const& grant) const;
    location::RecordPlace presence_place() const;
    void forget_signed(Address const& address);
    Publication as_published(Publication const& before,
                             location::StorageFinding const& newest) const;
    std::uint64_t next_seq();

    World world_;
    PublicationList publications_;
    PresenceSecret presence_secret_;
    std::map<std::string, GatewayPlace> gateways_;  ///< by domain
    std::map<NodeKey, PresenceSecret> secrets_;     ///< of the user's other nodes, as last seen
    std::function<void(Address const&, RecordEnvelope const&)> tell_;
    PresenceRecord presence_;
    std::map<std::pair<std::string, PublicKey>, RecordEnvelope> signed_;
    std::uint64_t last_seq_ = 0;
};

}  // namespace satchel::node
