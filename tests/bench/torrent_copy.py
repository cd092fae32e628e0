"""A file from one libtorrent session to another, by TCP on loopback; version 2 torrents, nothing but its own doing.

    python3 torrent_copy.py seed FILE        hashes FILE, prints "TORRENT PORT", seeds until its input ends
    python3 torrent_copy.py take FOLDER      reads "TORRENT PORT" from its input, ends when the file is whole and synced"""
import os
import sys
import time

import libtorrent as lt

SETTINGS = {"enable_outgoing_utp": False, "enable_incoming_utp": False, "enable_dht": False, "enable_lsd": False,
            "enable_upnp": False, "enable_natpmp": False, "out_enc_policy": 2, "in_enc_policy": 2,
            "allow_multiple_connections_per_ip": True, "min_reconnect_time": 1, "listen_interfaces": "127.0.0.1:0",
            "alert_mask": lt.alert.category_t.status_notification | lt.alert.category_t.error_notification}


def await_state(session, handle, state):
    """An alert tells of each change; one that came before this was called has been seen by the first look."""
    deadline = time.monotonic() + 600
    while handle.status().state != state:
        assert time.monotonic() < deadline, "libtorrent stands still"
        session.wait_for_alert(1000)
        session.pop_alerts()


def seed(path):
    files = lt.file_storage()
    lt.add_files(files, path)
    torrent = lt.create_torrent(files, 1 << 20, lt.create_torrent.v2_only)
    lt.set_piece_hashes(torrent, os.path.dirname(path))
    session = lt.session(SETTINGS)
    with open(path + ".torrent", "wb") as file:
        file.write(lt.bencode(torrent.generate()))
    params = lt.add_torrent_params()
    params.ti, params.save_path = lt.torrent_info(path + ".torrent"), os.path.dirname(path)
    params.flags |= lt.torrent_flags.seed_mode
    params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    handle = session.add_torrent(params)
    await_state(session, handle, lt.torrent_status.seeding)
    print(path + ".torrent", session.listen_port(), flush=True)
    sys.stdin.read()


def take(folder):
    torrent, port = sys.stdin.readline().split()
    session = lt.session(SETTINGS)
    params = lt.add_torrent_params()
    params.ti, params.save_path = lt.torrent_info(torrent), folder
    params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    handle = session.add_torrent(params)
    await_state(session, handle, lt.torrent_status.downloading)
    # A peer that is named while all stands still is dialled at once, not at the next tick of a second.
    handle.pause()
    handle.connect_peer(("127.0.0.1", int(port)))
    handle.resume()
    done = False
    while not done:
        session.wait_for_alert(1000)
        done = any(isinstance(alert, lt.torrent_finished_alert) for alert in session.pop_alerts())
    handle.flush_cache()
    file = os.open(os.path.join(folder, params.ti.files().file_path(0)), os.O_RDONLY)
    os.fsync(file)


if __name__ == "__main__":
    seed(sys.argv[2]) if sys.argv[1] == "seed" else take(sys.argv[2])
