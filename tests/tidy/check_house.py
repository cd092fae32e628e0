#!/usr/bin/env python3
"""Fails where the source breaks a rule of the house: walls between folders, homes of libraries, length of files,
names that say nothing, headers that do not say what they are, notes about work undone.

usage: check_house.py ROOT"""
import fnmatch
import pathlib
import re
import sys

LINES_MAX = 400
DRAWERS = {"utils", "util", "helpers", "helper", "misc", "common", "manager", "stuff"}
ROOMS = {"base": "src/base", "core": "src/core", "node": "src/node", "web": "src/web", "cli": "src/cli"}
UNDONE = re.compile(r"\b(TO" r"DO|FIX" r"ME)\b")


class Rules:
    """What layers.txt says."""

    def __init__(self, text):
        self.layers, self.homes, self.system, self.unmirrored = {}, {}, [], set()
        for line in text.splitlines():
            words = line.split("#")[0].split()
            if not words:
                continue
            first, rest = words[0], words[1:]
            if first == "system":
                self.system += rest
            elif first == "unmirrored":
                self.unmirrored.update(rest)
            elif first.startswith("<"):
                self.homes[first[1:]] = rest
            else:
                self.layers[first] = rest

    def layer_of(self, path):
        return max((layer for layer in self.layers if path.startswith(layer + "/")), key=len, default=None)

    def may_include(self, layer, header):
        allowed = [layer] + self.layers[layer]
        if "*" in allowed:
            return True
        return any(fnmatch.fnmatch(header, one if one.endswith(".h") else one + "/*") for one in allowed)

    def complaint_about_library(self, path, header):
        if re.fullmatch(r"[a-z_]+", header) or any(fnmatch.fnmatch(header, one) for one in self.system):
            return None
        library = max((one for one in self.homes if header.startswith(one)), key=len, default=None)
        if library is None:
            return f"<{header}> has no home yet: give its library one in tests/tidy/layers.txt"
        if any(fnmatch.fnmatch(path, home) for home in self.homes[library]):
            return None
        return f"<{header}> belongs in {' '.join(self.homes[library])}"


def includes(root, rules, path, lines):
    layer = rules.layer_of(path)
    for number, text in enumerate(lines, 1):
        if found := re.match(r'\s*#\s*include\s+"([^"]+)"', text):
            header = found[1]
            if not (root / header).is_file():
                yield number, f'"{header}" is not a path from the root'
            elif not rules.may_include(layer, header):
                yield number, f"{layer} may not include {header}"
        elif (found := re.match(r"\s*#\s*include\s+<([^>]+)>", text)) and layer != "tests":
            if complaint := rules.complaint_about_library(path, found[1]):
                yield number, complaint


def form(path, lines):
    if len(lines) > LINES_MAX:
        yield LINES_MAX + 1, f"{len(lines)} lines; {LINES_MAX} are enough for one concept"
    if path.endswith(".h"):
        if not re.match(r"// [\w\"`]", lines[0] if lines else ""):
            yield 1, "a header opens with a comment that says what it is"
        if "#pragma once" not in lines:
            yield 1, "#pragma once is missing"
        for number, text in enumerate(lines, 1):
            if re.match(r"using namespace (?!std::(\w+_)?literals)", text):
                yield number, "no `using namespace` in a header"


def name(path):
    for part in pathlib.PurePath(path).with_suffix("").parts:
        for word in part.split("_"):
            if word.lower() in DRAWERS:
                yield 1, f"`{word}` names no concept"


def undone(lines):
    for number, text in enumerate(lines, 1):
        if UNDONE.search(text):
            yield number, "a note about work undone: do it, or file an issue"


def mirror(root, rules, path):
    parts = pathlib.PurePath(path).parts
    if parts[:2] != ("tests", "unit") or not path.endswith("_test.cc") or path in rules.unmirrored:
        return
    room = root / ROOMS.get(parts[2], parts[2])
    words = parts[-1].removesuffix("_test.cc").split("_")
    # What it tests, or an aspect of that: blob_index_crash_test.cc is about blob_index.
    stems = ["_".join(words[:end]) for end in range(len(words), 0, -1)]
    folders = (room, root / "tests/support")
    if not any((folder / (stem + end)).is_file() for folder in folders for stem in stems for end in (".h", ".cc")):
        yield 1, f"mirrors no {stems[0]}.h or {stems[0]}.cc in {room.relative_to(root)} or tests/support"


def twins(root, rooms):
    """Types of one name in one namespace: the linker would take the one for the other without a word."""
    homes = {}
    for top in rooms:
        for header in sorted((root / top).rglob("*.h")):
            text = header.read_text(errors="replace")
            space = re.search(r"^namespace (satchel[\w:]*) \{", text, re.M)
            for found in re.finditer(r"^(?:struct|class|enum class) (\w+)[^;{]*\{", text, re.M):
                homes.setdefault((space and space[1], found[1]), []).append(str(header.relative_to(root)))
    for (_, type_name), files in sorted(homes.items(), key=str):
        if len(files) > 1:
            yield f"{files[1]}:1: {type_name} is a type of {files[0]} already"


def complaints(root):
    """All that is wrong below `root`, as `path:line: what`."""
    rules = Rules((root / "tests/tidy/layers.txt").read_text())
    found = []
    tops = sorted({layer.split("/")[0] for layer in rules.layers})
    files = (file for top in tops for file in sorted((root / top).rglob("*")) if file.is_file())
    for file in files:
        path = str(file.relative_to(root))
        is_source = path.endswith((".h", ".cc"))
        if not is_source and not path.endswith((".py", ".sh", "meson.build")):
            continue
        lines = file.read_text(errors="replace").splitlines()
        checks = [name(path), undone(lines)]
        if is_source:
            if rules.layer_of(path) is None:
                checks.append([(1, "stands in no folder of tests/tidy/layers.txt")])
            else:
                checks.append(includes(root, rules, path, lines))
            checks += [form(path, lines), mirror(root, rules, path)]
        found += [f"{path}:{number}: {what}" for check in checks for number, what in check]
    found += twins(root, tops)
    found += [f"tests/tidy/layers.txt: {path} does not exist" for path in sorted(rules.unmirrored)
              if not (root / path).is_file()]
    return found


def main():
    found = complaints(pathlib.Path(sys.argv[1]).resolve())
    print("\n".join(found) or "The house is in order.")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
