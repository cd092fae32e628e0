#!/usr/bin/env python3
"""Writes files as a C++ source that fulfils src/web/assets.h.

usage: embed_assets.py OUT FILE…"""
import pathlib
import sys

TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


def literal(content):
    """Octal escapes have three digits, so that no digit behind one joins it."""
    plain = set(range(32, 127)) - set(b'"\\?')
    lines, line = [], ""
    for byte in content:
        line += chr(byte) if byte in plain else "\\n" if byte == 10 else f"\\{byte:03o}"
        if byte == 10 or len(line) > 90:
            lines.append(line)
            line = ""
    return "\n".join(f'        "{text}"' for text in [*lines, line])


def main():
    out, *files = (pathlib.Path(word) for word in sys.argv[1:])
    rows = []
    for file in sorted(files, key=lambda one: one.name):
        content = file.read_bytes()
        rows.append(f'    Asset{{"{file.name}", "{TYPES[file.suffix]}",\n        std::string_view(\n'
                    f'{literal(content)},\n        {len(content)})}},')
    out.write_text('#include "src/web/assets.h"\n\nnamespace satchel::web {\n\nnamespace {\n\n'
                   "constexpr Asset all_assets[] = {\n" + "\n".join(rows) + "\n};\n\n}  // namespace\n\n"
                   "std::span<Asset const> assets() {\n    return all_assets;\n}\n\n}  // namespace satchel::web\n")


if __name__ == "__main__":
    main()
