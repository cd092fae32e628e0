#!/usr/bin/env python3
"""Runs clang-tidy on product files whose content, headers or rules are new since it last found nothing in them.

It costs 8 to 30 seconds a file, so a file without findings gets a stamp: a hash of the file, of every header of ours
that it includes, near or far, of .clang-tidy, and of the compiler's arguments. What was committed last goes first.
Exits 1 on any finding. With --budget, no file is begun once the time is over, and what is left is told."""
import argparse
import concurrent.futures
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import time

TOP_FOLDERS = ("src", "dht", "transfer", "mailgw")
CLANG_TIDY = "clang-tidy-16"


class Tree:
    """The repository as the stamps see it."""

    def __init__(self, root):
        self.root, self.headers_of = root, {}

    def headers(self, path):
        """Ours among the headers that `path` includes itself."""
        if path not in self.headers_of:
            names = re.findall(r'^\s*#\s*include\s+"([^"]+)"', (self.root / path).read_text(), re.MULTILINE)
            self.headers_of[path] = [name for name in names if (self.root / name).is_file()]
        return self.headers_of[path]

    def closure(self, path):
        seen, waiting = {path}, [path]
        while waiting:
            for header in self.headers(waiting.pop()):
                if header not in seen:
                    seen.add(header)
                    waiting.append(header)
        return sorted(seen)

    def stamp(self, path, arguments):
        digest = hashlib.sha256(CLANG_TIDY.encode())
        for name in [".clang-tidy"] + self.closure(path):
            digest.update(b"\0" + name.encode() + b"\0" + (self.root / name).read_bytes())
        digest.update(b"\0" + "\0".join(arguments).encode())
        return digest.hexdigest()

    def last_commits(self):
        """path -> position in history, 0 the newest. Empty outside git."""
        log = subprocess.run(["git", "-C", self.root, "log", "--format=", "--name-only", "-n", "500"],
                             capture_output=True, text=True, check=False).stdout.splitlines()
        order = {}
        for position, path in enumerate(log):
            order.setdefault(path, position)
        return order


def arguments_by_path(root, build):
    """What each product file is compiled with, without the names of outputs."""
    commands = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        file = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
        if file.is_relative_to(root) and file.relative_to(root).parts[0] in TOP_FOLDERS:
            words = entry["command"].split()
            commands[str(file.relative_to(root))] = [word for word in words if word[:2] in ("-D", "-I", "-s")]
    return commands


def check(root, build, path):
    # Boost 1.74's awaitables look uninitialized to the analyzer wherever a coroutine waits.
    coroutine = "co_await" in (root / path).read_text()
    checks = ["--checks=-clang-analyzer-*"] if coroutine else []
    done = subprocess.run([CLANG_TIDY, "-p", build, "--quiet", "--extra-arg=-Wno-unknown-warning-option", *checks,
                           root / path], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return None
    noise = re.compile(r"^\d+ warnings? (generated|treated)|^Suppressed |^Use -header-filter|^\d+ warnings? and ")
    lines = [line for line in (done.stdout + done.stderr).splitlines() if not noise.match(line)]
    return "\n".join(lines).replace(f"{root}/", "")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path, help="build folder with compile_commands.json")
    parser.add_argument("files", nargs="*", help="only these, instead of all product files")
    parser.add_argument("--stamps", type=pathlib.Path, help="folder of stamps (default: .tidy-stamps)")
    parser.add_argument("--budget", type=float, metavar="SECONDS", help="begin no file after this time")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    root = pathlib.Path(__file__).resolve().parents[2]
    stamps = options.stamps or root / ".tidy-stamps"
    stamps.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()

    tree, commands = Tree(root), arguments_by_path(root, options.build.resolve())
    wanted = {str(pathlib.Path(file).resolve().relative_to(root)) for file in options.files} or set(commands)
    stamp_of = {path: stamps / tree.stamp(path, commands[path]) for path in sorted(wanted & set(commands))}
    order = tree.last_commits()
    due = sorted((path for path, stamp in stamp_of.items() if not stamp.exists()),
                 key=lambda path: (order.get(path, -1), path))

    left, bad = [], []

    def work(path):
        if options.budget is not None and time.monotonic() - start > options.budget:
            left.append(path)
            return
        if findings := check(root, options.build, path):
            bad.append(path)
            print(findings, flush=True)
        else:
            stamp_of[path].touch()

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(work, due))
    print(f"clang-tidy: {len(stamp_of)} files, {len(stamp_of) - len(due)} stamped before, "
          f"{len(due) - len(left) - len(bad)} clean now, {len(bad)} with findings, {len(left)} left for lack of time")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
