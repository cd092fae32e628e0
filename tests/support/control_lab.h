// Two parties of the control protocol on loopback: bob's storage node with a real server and a real
// store, and alice's side that calls it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/await_on.h"
#include "tests/support/disk_store.h"
#include "tests/support/sample_blob.h"
#include "tests/support/sample_offer.h"
#include "tests/support/temp_folder.h"
#include "transfer/control_client.h"
#include "transfer/control_server.h"
#include "transfer/delivery.h"
#include "transfer/tls_pinned.h"

namespace satchel::testing {

/// A node of which every fact can be set.
class FakeControlHost final : public transfer::ControlHost {
public:
    bool is_available = true;
    AcceptPolicy accept{1U << 30U, AcceptFrom::attested, 0, 1};
    std::map<AddressTag, Address> addresses;
    std::map<std::string, transfer::DomainTrust> domains;
    mutable std::vector<std::string> asked_about;  ///< domains
    std::vector<NodeKey> own_nodes;
    std::vector<UserKey> own_devices;
    std::vector<Offer> offers_out;
    std::shared_ptr<UniqueFd> content_out;
    std::uint64_t size_out = 0;
    std::vector<Offer> arrived;
    std::function<Status(NodeKey const&, transfer::RelayToken const&)> on_meeting;

    bool available() const override { return is_available; }

    AcceptPolicy accept_policy() const override { return accept; }

    std::optional<Address> served(AddressTag const& tag) const override {
        auto const found = addresses.find(tag);
        if (found == addresses.end()) return std::nullopt;
        return found->second;
    }

    asio::awaitable<transfer::DomainTrust> domain_trust(std::string domain) const override {
        asked_about.push_back(domain);
        auto const found = domains.find(domain);
        co_return found == domains.end() ? transfer::DomainTrust{} : found->second;
    }

    std::optional<UserKey> contact_key(Address const&) const override { return std::nullopt; }

    bool owns(transfer::Caller const& caller, AddressTag const&) const override {
        return std::find(own_nodes.begin(), own_nodes.end(), caller.node) != own_nodes.end() ||
               (caller.device && std::find(own_devices.begin(), own_devices.end(),
                                           *caller.device) != own_devices.end());
    }

    std::optional<Offer> outstanding(OfferId const& id) const override {
        for (Offer const& offer : offers_out) {
            if (offer.id == id) return offer;
        }
        return std::nullopt;
    }

    std::vector<Offer> outstanding_for(NodeKey const& recipient) const override {
        std::vector<Offer> found;
        for (Offer const& offer : offers_out) {
            if (offer.recipient_node == recipient) found.push_back(offer);
        }
        return found;
    }

    Result<transfer::OutgoingContent> open_outgoing(ContentId const&,
                                                    NodeKey const&) const override {
        if (!content_out) return fail(Fault::not_found, "nothing here");
        auto file = content_out->duplicate();
        if (!file) return fail(file.error());
        return transfer::OutgoingContent{std::move(*file), size_out, {}};
    }

    Status call_to_meeting(NodeKey const& node, transfer::RelayToken const& token) override {
        return on_meeting ? on_meeting(node, token) : fail(Fault::not_found, "no line");
    }

    void blob_arrived(Offer const& offer, transfer::Route) override { arrived.push_back(offer); }

    transfer::SwarmRoom const* room = nullptr;
    int swarms_ended = 0;

    transfer::SwarmRoom const* swarm_room() const override { return room; }

    void swarm_ended(ContentId const&, Error const&) override { ++swarms_ended; }
};

inline transfer::EndpointRule loopback_rule() {
    transfer::EndpointRule rule;
    rule.listens_on_loopback = true;
    return rule;
}

/// One caller: its own key, its own connections.
struct ControlCaller {
    ControlCaller(asio::io_context& io, WorkerPool& pool, SigningKey const& key,
                  transfer::ClientLimits const& limits = {}, SigningKey const* user = nullptr)
        : tls(*transfer::TlsIdentity::create(key))
        , client(io, pool, tls, loopback_rule(), limits, user) {}

    transfer::TlsIdentity tls;
    transfer::ControlClient client;
};

class ControlLab {
public:
    explicit ControlLab(transfer::ServerLimits const& server_limits = {},
                        transfer::ClientLimits const& client_limits = {})
        : store(*transfer::DiskBlobStore::open(options_in(folder / "bob"), clock))
        , pool(io, 2)
        , alice(io, pool, parties.sender_node, client_limits) {
        host.addresses.emplace(address_tag(parties.recipient), parties.recipient);
        host.domains["a.test"].keys = {DomainKey(parties.domain.public_key())};
        auto started = transfer::ControlServer::start(
            {io, pool, *store, host, parties.recipient_node, clock, log}, {"127.0.0.1", 0},
            server_limits);
        REQUIRE(started);
        server = std::move(*started);
        peer = {NodeKey(parties.recipient_node.public_key()), {server->listening()}};
    }

    ControlLab(ControlLab const&) = delete;
    ControlLab& operator=(ControlLab const&) = delete;

    /// Nothing of the conversation may outlive what it speaks of.
    ~ControlLab() {
        alice.client.stop();
        await(drained());
        io.restart();
        io.poll();
    }

    template <class T>
    T await(asio::awaitable<T> work, CallerLine const& caller = CallerLine::current()) {
        return await_on(io, std::move(work), usual_deadline, caller);
    }

    Offer offer_of(SampleBlob const& blob) {
        return parties.signed_by_user(parties.draft(blob.id(), blob.size()));
    }

    std::shared_ptr<UniqueFd> file_of(SampleBlob const& blob) {
        auto file = open_file((folder / blob.id().to_hex()).string(), O_RDWR | O_CREAT);
        REQUIRE(file);
        REQUIRE(write_all_at(file->get(), blob.bytes, 0));
        return std::make_shared<UniqueFd>(std::move(*file));
    }

    transfer::DeliveryOrder order_of(SampleBlob const& blob) {
        return {offer_of(blob), peer.endpoints, file_of(blob), blob.tree.layer, nullptr};
    }

    bool holds(SampleBlob const& blob) { return store->find(blob.id())->has_value(); }

    TempFolder folder;
    SystemClock clock;
    OfferParties parties{clock.unix_seconds()};
    EventLog log{-1};
    asio::io_context io;
    std::unique_ptr<transfer::DiskBlobStore> store;
    WorkerPool pool;
    FakeControlHost host;
    std::unique_ptr<transfer::ControlServer> server;
    ControlCaller alice;
    transfer::Peer peer;

private:
    asio::awaitable<bool> drained() {
        co_await server->drain();
        co_return true;
    }
};

}  // namespace satchel::testing
