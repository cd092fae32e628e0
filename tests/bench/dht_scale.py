#!/usr/bin/env python3
"""Runs the bench of scale for several sizes of network and writes its tables and plot into docs/scale.md and docs/scale.svg.

usage: dht_scale.py BENCH RESULTS [--only-write]
BENCH is the program dht_scale; RESULTS a folder for its lines of JSON, one file per run, kept from run to run. The part
of docs/scale.md between the two marks is written anew, the rest is prose and stays."""
import json
import pathlib
import subprocess
import sys

RUNS = [("loopback", n) for n in (16, 64, 256, 1000)] + [("wan", n) for n in (16, 64, 256, 1000)]
DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
PROFILES = {"loopback": "loopback", "wan": "50 ms round trip, 1 % loss"}


def measure(bench, folder):
    for profile, n in RUNS:
        file = folder / f"{profile}-{n}.json"
        if file.exists():
            continue
        print(f"{profile} {n} ...", flush=True)
        done = subprocess.run([bench, str(n)] + (["--wan"] if profile == "wan" else []), stdout=subprocess.PIPE, check=True)
        file.write_bytes(done.stdout)


def load(folder):
    """{(profile, n): {what: {name: value}}}"""
    runs = {}
    for profile, n in RUNS:
        file = folder / f"{profile}-{n}.json"
        if file.exists():
            lines = [json.loads(line) for line in file.read_text().splitlines()]
            runs[profile, n] = {line["what"]: line for line in lines}
    return runs


def number(value):
    if value is None:
        return "-"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2g}"


def pair(line, name):
    if name + "_p50" not in line:
        return "-"
    return f"{number(line[name + '_p50'])} / {number(line[name + '_p95'])}"


def percent(line):
    return f"{line['success'] * 100:.4g} %" if "success" in line else "-"


def table(head, rows):
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head)] + ["| " + " | ".join(row) + " |" for row in rows])


def sized(runs, profile):
    return [(n, run) for (its, n), run in runs.items() if its == profile]


def lookup_rows(run):
    stages = [("converged", "lookup"), ("converged, 1,000 junk values on the key", "lookup_junk"),
              ("right after 30 % died", "killed"), ("the same, under junk", "killed_junk"),
              ("60 s later", "killed_60s"), ("the same, under junk", "killed_60s_junk")]
    for words, what in stages:
        line = run.get(what)
        if line:
            yield [words, percent(line), pair(line, "first_ms"), pair(line, "whole_ms"), pair(line, "requests"), pair(line, "datagrams")]


def tables(runs):
    text = []
    for profile, words in PROFILES.items():
        found = sized(runs, profile)
        if not found:
            continue
        text += [f"### Lookups, {words}", "", "Milliseconds and counts as median / 95th percentile.", ""]
        rows = [[f"{n:,}"] + row for n, run in found for row in lookup_rows(run)]
        text += [table(["nodes", "network", "success", "first trustworthy answer, ms", "answer, ms", "requests", "datagrams"], rows), ""]
        text += [f"### Whole answers and puts, {words}", ""]
        rows = [[f"{n:,}", percent(run["resolve"]), pair(run["resolve"], "ms"), pair(run["resolve"], "requests"),
                 pair(run["resolve_cold"], "ms"), pair(run["put_storage"], "ms"), pair(run["put_storage"], "datagrams"),
                 pair(run["put_presence"], "ms"), pair(run["put_presence"], "datagrams")] for n, run in found if "resolve_cold" in run]
        text += [table(["nodes", "success", "whole answer, ms", "its requests", "with Argon2id, ms", "put of a storage record, ms",
                        "its datagrams", "put of a presence, ms", "its datagrams"], rows), ""]
        text += [f"### What a node costs, {words}", ""]
        rows = []
        for n, run in found:
            idle, busy = run.get("idle"), run.get("presence")
            if not idle:
                continue
            rows.append([f"{n:,}", number(run["start"]["good_nodes"]), f"{run['start']['memory_mb_per_node']:.1f}",
                         f"{idle['cpu_percent_per_node']:.3f}", number(idle["datagrams_per_node_hour"]),
                         number(idle["bytes_per_node_hour"] / 1e3), f"{busy['cpu_percent_per_node']:.3f}",
                         number(busy["datagrams_per_node_hour"] - idle["datagrams_per_node_hour"]),
                         number((busy["bytes_per_node_hour"] - idle["bytes_per_node_hour"]) / 1e3),
                         f"{run['start']['load']:.1f} / {run['end']['load']:.1f}" if "end" in run else f"{run['start']['load']:.1f}"])
        text += [table(["nodes", "neighbours", "memory, MB", "idle: % of a core", "idle: datagrams an hour", "idle: kB an hour",
                        "with presence: % of a core", "presence: datagrams an hour", "presence: kB an hour",
                        "load of the machine, start / end"], rows), ""]
    return "\n".join(text)


STYLE = """<style>
 text { font: 13px sans-serif; fill: #222 } .axis { stroke: #888 } .grid { stroke: #8884 }
 .loopback { stroke: #1763b8; fill: #1763b8 } .wan { stroke: #b3471b; fill: #b3471b } path { fill: none !important; stroke-width: 2 }
 .p95 { stroke-dasharray: 5 4 } circle { stroke: none }
 @media (prefers-color-scheme: dark) { text { fill: #ddd } .loopback { stroke: #6db3ff; fill: #6db3ff } .wan { stroke: #ff9d6b; fill: #ff9d6b } }
</style>"""


def plot(runs):
    import math
    left, top, width, height = 60, 20, 460, 300
    low, high = -1, 3  # powers of ten of a millisecond

    def x(n):
        return left + (math.log2(n) - 3.5) / (10.5 - 3.5) * width

    def y(ms):
        return top + (high - math.log10(max(ms, 10**low))) / (high - low) * height

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 380" role="img" aria-label="Time to the first trustworthy answer against the number of nodes">', STYLE]
    for power in range(low, high + 1):
        out.append(f'<line class="grid" x1="{left}" x2="{left + width}" y1="{y(10**power):.1f}" y2="{y(10**power):.1f}"/>')
        out.append(f'<text x="{left - 8}" y="{y(10**power) + 4:.1f}" text-anchor="end">{10**power:g}</text>')
    for n in (16, 64, 256, 1000):
        out.append(f'<line class="axis" x1="{x(n):.1f}" x2="{x(n):.1f}" y1="{top + height}" y2="{top + height + 5}"/>')
        out.append(f'<text x="{x(n):.1f}" y="{top + height + 20}" text-anchor="middle">{n:,}</text>')
    out.append(f'<line class="axis" x1="{left}" x2="{left + width}" y1="{top + height}" y2="{top + height}"/>')
    out.append(f'<text x="{left + width / 2}" y="{top + height + 42}" text-anchor="middle">nodes</text>')
    out.append(f'<text x="16" y="{top + height / 2}" text-anchor="middle" transform="rotate(-90 16 {top + height / 2})">first trustworthy answer, ms</text>')
    legend = 0
    for profile, words in PROFILES.items():
        points = [(n, run["lookup"]) for n, run in sized(runs, profile) if "lookup" in run]
        for which, name in (("p50", "median"), ("p95", "95th percentile")):
            if not points:
                continue
            at = [(x(n), y(line[f"first_ms_{which}"])) for n, line in points]
            out.append(f'<path class="{profile} {which}" d="M' + " L".join(f"{a:.1f},{b:.1f}" for a, b in at) + '"/>')
            out += [f'<circle class="{profile}" cx="{a:.1f}" cy="{b:.1f}" r="3.5"/>' for a, b in at]
            row = top + 20 + 22 * legend
            out.append(f'<path class="{profile} {which}" d="M{left + width + 16},{row} h30"/>')
            short = "loopback" if profile == "loopback" else "50 ms, 1 % loss"
            out.append(f'<text x="{left + width + 52}" y="{row + 4}">{short}, {"median" if which == "p50" else "95 %"}</text>')
            legend += 1
    return "\n".join(out + ["</svg>", ""])


def main():
    arguments = [word for word in sys.argv[1:] if not word.startswith("--")]
    if len(arguments) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(arguments[1])
    folder.mkdir(parents=True, exist_ok=True)
    if "--only-write" not in sys.argv:
        measure(arguments[0], folder)
    runs = load(folder)
    page = DOCS / "scale.md"
    text = page.read_text()
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    page.write_text(before + BEGIN + "\n\n" + tables(runs) + "\n" + END + after)
    (DOCS / "scale.svg").write_text(plot(runs))


if __name__ == "__main__":
    main()
