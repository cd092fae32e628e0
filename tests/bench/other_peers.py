"""Other programs that move a file between two machines without a server between: for transfer_bench.py. What is missing is told."""
import os
import pathlib
import shutil
import socket
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"  # the one that Debian's packages are for


def other_peers(bench, source):
    """(name, servers whose work counts, what to do) of each that is here. `source` is sent to some file of the bench's folder."""
    return [way for make in (libtorrent, hyperdht) for way in make(bench, source)]


def missing(name, why):
    print(f"  {name} is left out: {why}", flush=True)
    return []


def libtorrent(bench, source):
    if subprocess.run([PYTHON, "-c", "import libtorrent"], capture_output=True).returncode != 0:
        return missing("libtorrent", "apt-get install python3-libtorrent")
    folder = os.path.join(bench.folder, "torrent")
    os.mkdir(folder)

    def copy(spawn, ended):
        seed = spawn(PYTHON, HERE / "torrent_copy.py", "seed", source, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        take = spawn(PYTHON, HERE / "torrent_copy.py", "take", folder, stdin=subprocess.PIPE)
        take.stdin.write(seed.stdout.readline())
        take.stdin.close()
        ended(take)
        seed.stdin.close()
        seed.stdout.close()
        ended(seed)
    return [("libtorrent alone, hashing included, fsync", [], copy)]


def hyperdht(bench, source):
    if not shutil.which("npm"):
        return missing("hyperdht", "apt-get install npm")
    folder = os.path.join(bench.folder, "npm")
    os.mkdir(folder)
    if subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, "hyperdht"],
                      capture_output=True).returncode != 0:
        return missing("hyperdht", "npm could not install it")
    script = shutil.copy(HERE / "hyper_copy.mjs", folder)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    server = bench.server("node", script, "take", os.path.join(folder, "got.bin"), str(port), stdout=subprocess.PIPE)
    key = server.stdout.readline().decode().strip()
    return [("hyperdht (npm), encrypted in transit, fsync", [server.pid],
             lambda spawn, ended: ended(spawn("node", script, "send", source, port, key)))]
