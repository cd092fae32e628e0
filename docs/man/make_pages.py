#!/usr/bin/env python3
"""Makes the manual pages: what people wrote (VERB.scd beside this file), with name, synopsis, options and examples as the
program itself tells them (`satchel --grammar`), so that these are never behind.

usage: make_pages.py SATCHEL SCDOC FOLDER PAGE...     a PAGE such as satchel-get.1"""
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).parent


def escape(text):
    """Text that scdoc shows as it stands."""
    return re.sub(r"([\\_*~])", r"\\\1", text).replace("\n", " ")


def shown(text):
    """Help as the program prints it: what it has between back quotes is typed."""
    parts = re.split(r"`([^`]*)`", text)
    return "".join(f"*{escape(part)}*" if at % 2 else escape(part) for at, part in enumerate(parts))


def sentence(text):
    text = text[0].upper() + text[1:]
    return shown(text if text.endswith((".", "?")) else text + ".")


def placed(argument):
    """As it stands in a synopsis."""
    name = f"_{escape(argument['name'])}_" + ("..." if argument["many"] else "")
    return name if argument["required"] else f"[{name}]"


def signature(option):
    names = ", ".join(f"*{escape(flag)}*" for flag in option["flags"])
    return names + (f" _{escape(option['value'])}_" if option["value"] else "")


def own_options(verb):
    return [option for option in verb["options"] if "--help" not in option["flags"]]


def call(words, verb):
    parts = [f"*{escape(' '.join(words))}*"]
    for option in own_options(verb):
        text = f"*{escape(option['flags'][-1])}*" + (f" _{escape(option['value'])}_" if option["value"] else "")
        parts.append((text if option["required"] else f"[{text}]") + ("..." if option["many"] else ""))
    return " ".join(parts + [placed(argument) for argument in verb["arguments"]])


def calls(words, verb):
    lines = [] if verb["needs_verb"] else [call(words, verb)]
    for inner in verb["verbs"]:
        lines += calls(words + [inner["name"]], inner)
    return lines


def definitions(options, arguments=()):
    text = ""
    for argument in arguments:
        text += f"_{escape(argument['name'])}_\n\t{sentence(argument['help'])}\n\n"
    for option in options:
        repeated = " May be repeated." if option["many"] and "repeated" not in option["help"] else ""
        text += f"{signature(option)}\n\t{sentence(option['help'])}{repeated}\n\n"
    return text


def options_of(words, verb):
    text = definitions(own_options(verb), verb["arguments"])
    if text:
        text = "# OPTIONS\n\n" + text
    if verb["verbs"]:
        text += "# VERBS\n\n"
        for inner in verb["verbs"]:
            text += f"## {escape(' '.join(words + [inner['name']]))}\n\n{sentence(inner['help'])}\n\n"
            text += definitions(own_options(inner), inner["arguments"])
    return text


def examples(verb):
    lines = []
    for one in [verb] + verb["verbs"]:
        lines += [line.strip() for line in one["example"].splitlines()]
    return "# EXAMPLES\n\n```\n" + "\n".join(lines) + "\n```\n\n" if lines else ""


def header(page, synopsis, what):
    name, section = page.rsplit(".", 1)
    title = "Satchel: attachments out of e-mail"
    return (f'{name}({section}) "" "{title}"\n\n# NAME\n\n{name} - {what}\n\n'
            + ("# SYNOPSIS\n\n" + "++\n".join(synopsis) + "\n\n" if synopsis else ""))


def verb_page(grammar, page):
    word = page.removesuffix(".1").removeprefix("satchel-")
    verb = next((one for one in grammar["verbs"] if one["name"] == word), None)
    if verb is None:
        sys.exit(f"{page}: satchel has no verb {word}; remove docs/man/satchel-{word}.scd")
    body = (HERE / f"satchel-{word}.scd").read_text()
    words = ["satchel", word]
    return (header(page, calls(words, verb), escape(verb["help"])) + "# DESCRIPTION\n\n" + body.strip() + "\n\n"
            + options_of(words, verb) + "Options of all verbs are in *satchel*(1).\n\n" + examples(verb)
            + "# SEE ALSO\n\n*satchel*(1), *satchel.toml*(5)\n")


def main_page(grammar, page):
    verbs = ""
    for verb in grammar["verbs"]:
        verbs += f"*satchel-{verb['name']}*(1)\n\t{sentence(verb['help'])}\n\n"
    body = (HERE / "satchel.scd").read_text()
    options = definitions(grammar["options"])
    text = body.replace("@OPTIONS@\n", options).replace("@VERBS@\n", verbs)
    return header(page, ["*satchel* [_OPTION_...] _VERB_ [_ARGUMENT_...]"], "attachments out of e-mail, peer to peer") + text


def settings_page(grammar, page):
    text = (HERE / "satchel.toml.scd").read_text()
    for section in dict.fromkeys(key["section"] for key in grammar["settings"]):
        keys = ""
        for key in grammar["settings"]:
            if key["section"] == section:
                keys += f"*{escape(key['name'])}* = {escape(key['default'])}\n\t{sentence(key['explanation'])}\n\n"
        place = f"@{section.upper()}@\n"
        if place not in text:
            sys.exit(f"docs/man/satchel.toml.scd: say something about section [{section}], with {place.strip()} for its keys")
        text = text.replace(place, keys)
    return header(page, [], "settings of a Satchel home") + text


def formats_page(grammar, page):
    return header(page, [], "what Satchel writes into mail, files and the DHT") + (HERE / "satchel-formats.scd").read_text()


def main():
    program, scdoc, folder, *pages = sys.argv[1:]
    grammar = json.loads(subprocess.run([program, "--grammar"], stdout=subprocess.PIPE, check=True).stdout)
    special = {"satchel.1": main_page, "satchel.toml.5": settings_page, "satchel-formats.7": formats_page}
    for page in pages:
        source = special.get(page, verb_page)(grammar, page)
        done = subprocess.run([scdoc], input=source.encode(), capture_output=True)
        if done.returncode != 0:
            sys.exit(f"docs/man: {page}: scdoc: {done.stderr.decode().strip()}")
        pathlib.Path(folder, page).write_bytes(done.stdout)


main()
