#include "transfer/libtorrent_gate.h"

#include <set>

#include <libtorrent/error_code.hpp>
#include <libtorrent/peer_connection_handle.hpp>

namespace satchel::transfer {

namespace {

class Gate final : public lt::torrent_plugin {
public:
    explicit Gate(std::set<lt::address> admitted)
        : admitted_(std::move(admitted)) {}

    std::shared_ptr<lt::peer_plugin> new_connection(
        lt::peer_connection_handle const& connection) override {
        // The only way to refuse it: a connection that is closed from within here crashes 2.0.8.
        if (!admitted_.contains(connection.remote().address()))
            throw lt::system_error(lt::errors::banned_by_ip_filter);
        return nullptr;
    }

private:
    std::set<lt::address> const admitted_;
};

}  // namespace

std::shared_ptr<lt::torrent_plugin> gate_for(std::vector<SwarmPeer> const& peers) {
    std::set<lt::address> admitted;
    for (SwarmPeer const& peer : peers)
        for (Endpoint const& endpoint : peer.endpoints) {
            lt::error_code failed;
            auto const address = lt::make_address(endpoint.ip, failed);
            if (!failed) admitted.insert(address);
        }
    return std::make_shared<Gate>(std::move(admitted));
}

}  // namespace satchel::transfer
