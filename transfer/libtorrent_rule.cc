#include "transfer/libtorrent_rule.h"

#include <libtorrent/alert.hpp>
#include <libtorrent/bencode.hpp>
#include <libtorrent/entry.hpp>

#include "transfer/merkle_root.h"

namespace satchel::transfer {

namespace {

std::string text_of_file(UniqueFd const* file, std::uint64_t bytes) {
    std::string text(bytes, '\0');
    auto const read = file == nullptr
                          ? Result<std::size_t>(std::size_t{0})
                          : read_at(file->get(), {reinterpret_cast<Byte*>(text.data()), bytes}, 0);
    return read && *read == bytes ? text : std::string();
}

}  // namespace

std::shared_ptr<lt::torrent_info> torrent_of(SwarmJob const& job) {
    std::string const root(text_of(job.content_id.bytes));
    lt::entry file;
    file["length"] = static_cast<std::int64_t>(job.size);
    file["pieces root"] = root;
    std::string const name = job.content_id.to_hex();
    lt::entry torrent;
    lt::entry& info = torrent["info"];
    info["file tree"][name][""] = file;
    info["meta version"] = 2;
    info["name"] = name;
    info["piece length"] = static_cast<std::int64_t>(piece_length_for(job.size));
    info["private"] = 1;
    auto layer = text_of_file(job.layer.get(), layer_bytes_for(job.size));
    torrent["piece layers"] = lt::entry::dictionary_type();
    if (!layer.empty()) torrent["piece layers"][root] = std::move(layer);
    std::vector<char> bytes;
    lt::bencode(std::back_inserter(bytes), torrent);
    lt::error_code failed;
    auto made = std::make_shared<lt::torrent_info>(bytes, failed, lt::from_span);
    return failed ? nullptr : made;
}

lt::settings_pack settings_for(Endpoint const& listen) {
    using Pack = lt::settings_pack;
    Pack pack;
    for (int const off :
         {Pack::enable_dht, Pack::enable_lsd, Pack::enable_upnp, Pack::enable_natpmp,
          Pack::enable_incoming_utp, Pack::enable_outgoing_utp, Pack::close_redundant_connections})
        pack.set_bool(off, false);
    pack.set_str(Pack::listen_interfaces, listen.to_string());
    // Others let in the address that this one is known by.
    if (!listen.is_unspecified()) pack.set_str(Pack::outgoing_interfaces, listen.ip);
    pack.set_str(Pack::user_agent, "");
    pack.set_str(Pack::peer_fingerprint, "-SA0001-");
    // Who listens on the way sees neither the id of a blob nor its bytes.
    pack.set_int(Pack::out_enc_policy, Pack::pe_forced);
    pack.set_int(Pack::in_enc_policy, Pack::pe_forced);
    pack.set_int(Pack::allowed_enc_level, Pack::pe_rc4);
    // Receivers behind one NAT have one address.
    pack.set_bool(Pack::allow_multiple_connections_per_ip, true);
    for (int const unlimited : {Pack::unchoke_slots_limit, Pack::active_limit, Pack::active_seeds,
                                Pack::active_downloads})
        pack.set_int(unlimited, -1);
    pack.set_int(Pack::connections_limit, 512);
    pack.set_int(Pack::connection_speed, 200);
    pack.set_int(Pack::max_retry_port_bind, 0);
    pack.set_bool(Pack::listen_system_port_fallback, false);
    pack.set_int(Pack::min_reconnect_time, 1);
    pack.set_int(Pack::max_failcount, 20);
    pack.set_int(Pack::peer_connect_timeout, 7);
    // Few requests ahead: what was asked of the sender comes from there, though another receiver
    // may have it before (docs/swarm.md). The second is told to the peer and takes the place of the
    // first there; what has been asked for may come at once, and waits in memory: 4 MiB a peer.
    pack.set_int(Pack::request_queue_time, 1);
    pack.set_int(Pack::max_out_request_queue, 64);
    pack.set_int(Pack::max_allowed_in_request_queue, 256);
    pack.set_int(Pack::max_queued_disk_bytes, 16 << 20);
    pack.set_int(Pack::max_peer_recv_buffer_size, 256 * 1024);
    pack.set_int(Pack::alert_queue_size, 20'000);
    auto const alerts = lt::alert_category::status | lt::alert_category::error |
                        lt::alert_category::piece_progress | lt::alert_category::peer;
    pack.set_int(Pack::alert_mask, static_cast<int>(static_cast<std::uint32_t>(alerts)));
    return pack;
}

}  // namespace satchel::transfer
