"""Makes the documents' diagrams of their texts: python3 docs/diagrams/draw.py [--check]

    NAME.boxes     box ID COLUMN ROW [own] TITLE | line | …      own: part of Satchel
                   arrow FROM TO [both] LABEL
                   note COLUMN ROW TEXT
    NAME.sequence  the actors, with | between them; then FROM > TO: what, or = a remark over all of them
    NAME.table     rows with | between cells; a cell that begins with + (sees), ~ (in part) or - (does not) is coloured

A line that begins with # says nothing; `title TEXT` is what a screen reader says. --check: whether the pictures are those of the texts."""
import pathlib
import sys
import textwrap
from xml.sax.saxutils import escape

STYLE = """<style>
 text { font: 13px sans-serif; fill: #222 } .title { font-weight: 600 } .small { font-size: 12px; fill: #555 } .label { font-size: 12px }
 .box { fill: #f4f4f4; stroke: #999 } .own { fill: #dcebfb; stroke: #1763b8 } .line { stroke: #555; fill: none } .life { stroke: #8886; stroke-dasharray: 3 4 }
 .tip { fill: #555 } .yes { fill: #f6d5cb } .part { fill: #f8ecc4 } .no { fill: #d8eed9 } .rule { stroke: #8886 }
 @media (prefers-color-scheme: dark) {
  text { fill: #ddd } .small { fill: #aaa } .box { fill: #2a2a2a; stroke: #777 } .own { fill: #17324f; stroke: #6db3ff } .line { stroke: #aaa } .tip { fill: #aaa }
  .yes { fill: #5a2c1f } .part { fill: #52471d } .no { fill: #1f432a }
 }
</style>
<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path class="tip" d="M0 0L8 4L0 8z"/></marker>"""


class Picture:
    def __init__(self, width, height, title):
        self.parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
                      f'aria-label="{escape(title)}">', STYLE]

    def rect(self, x, y, width, height, kind):
        self.parts.append(f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="4"/>')

    def text(self, x, y, words, kind="", anchor="middle"):
        self.parts.append(f'<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>')

    def line(self, x1, y1, x2, y2, kind="line", tips=""):
        ends = "".join(f' marker-{end}="url(#tip)"' for end in tips.split())
        self.parts.append(f'<line class="{kind}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"{ends}/>')

    def svg(self):
        return "\n".join(self.parts) + "\n</svg>\n"


def boxes(lines, title):
    step_x, step_y, width, height = 236, 132, 148, 76
    placed, arrows, notes = {}, [], []
    for line in lines:
        word, rest = line.split(None, 1)
        if word == "box":
            name, column, row, words = rest.split(None, 3)
            own = words.startswith("own ")
            placed[name] = (int(column), int(row), own, [w.strip() for w in words.removeprefix("own ").split("|")])
        elif word == "note":
            column, row, words = rest.split(None, 2)
            notes.append((float(column), float(row), words))
        else:
            start, end, words = (rest + " ").split(" ", 2)
            both = words.startswith("both ")
            arrows.append((start, end, both, words.removeprefix("both ").strip()))
    columns, rows = (max(place[i] for place in placed.values()) + 1 for i in (0, 1))
    picture = Picture((columns - 1) * step_x + width + 4, (rows - 1) * step_y + height + 24, title)
    corner = {name: (2 + column * step_x, 22 + row * step_y) for name, (column, row, *_) in placed.items()}
    for name, (_, _, own, words) in placed.items():
        x, y = corner[name]
        picture.rect(x, y, width, height, "own" if own else "box")
        first = y + height / 2 + 5 - 8 * (len(words) - 1)
        for i, text in enumerate(words):
            picture.text(x + width / 2, first + 16 * i, text, "small" if i else "title")
    for start, end, both, words in arrows:
        (ax, ay), (bx, by) = corner[start], corner[end]
        tips = "start end" if both else "end"
        if ay == by:
            left, right = (ax + width, bx) if ax < bx else (ax, bx + width)
            picture.line(left, ay + height / 2, right, ay + height / 2, tips=tips)
            picture.text((left + right) / 2, ay + height / 2 - 6, words, "label")
        else:
            top, bottom = (ay + height, by) if ay < by else (ay, by + height)
            picture.line(ax + width / 2, top, bx + width / 2, bottom, tips=tips)
            picture.text(ax + width / 2 + 8, (top + bottom) / 2 + 4, words, "label", "start")
    for column, row, words in notes:
        picture.text(2 + column * step_x, 14 + row * step_y, words, "title", "start")
    return picture


def sequence(lines, title):
    actors = [name.strip() for name in lines[0].split("|")]
    own = {i for i, name in enumerate(actors) if name.startswith("own ")}
    actors = [name.removeprefix("own ") for name in actors]
    step, row, top = 176, 34, 44
    picture = Picture(step * len(actors), top + 14 + row * (len(lines) - 1) + 8, title)
    middle = [step * i + step / 2 for i in range(len(actors))]
    for i, name in enumerate(actors):
        picture.line(middle[i], top - 8, middle[i], top + row * (len(lines) - 1) + 12, "life")
        picture.rect(middle[i] - 72, 4, 144, 30, "own" if i in own else "box")
        picture.text(middle[i], 24, name, "title")
    for i, line in enumerate(lines[1:]):
        y = top + row * (i + 1)
        if line.startswith("="):
            picture.text(6, y, line[1:].strip(), "small", "start")
            continue
        way, words = line.split(":", 1)
        start, end = (middle[actors.index(name.strip())] for name in way.split(">"))
        picture.line(start, y, end, y, tips="end")
        picture.text((start + end) / 2, y - 6, words.strip(), "label")
    return picture


def table(lines, title):
    rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    widths = [236] + [126] * (len(rows[0]) - 1)
    wrapped = [[textwrap.wrap(cell.lstrip("+~-").strip(), 28 if i == 0 else 17) or [""] for i, cell in enumerate(row)] for row in rows]
    heights = [max(len(cell) for cell in row) * 15 + 12 for row in wrapped]
    picture = Picture(sum(widths), sum(heights) + 2, title)
    y = 0
    for number, row in enumerate(rows):
        x = 0
        for i, cell in enumerate(row):
            kind = {"+": "yes", "~": "part", "-": "no"}.get(cell[:1])
            if kind:
                picture.rect(x + 2, y + 2, widths[i] - 4, heights[number] - 4, kind)
            for j, text in enumerate(wrapped[number][i]):
                first = y + heights[number] / 2 + 5 - 7.5 * (len(wrapped[number][i]) - 1)
                picture.text(x + (6 if i == 0 else widths[i] / 2), first + 15 * j, text, "title" if number == 0 or i == 0 else "label",
                             "start" if i == 0 else "middle")
            x += widths[i]
        y += heights[number]
        picture.line(0, y, x, y, "rule")
    return picture


def main():
    here = pathlib.Path(__file__).resolve().parent
    stale = []
    for source in sorted(here.iterdir()):
        draw = {".boxes": boxes, ".sequence": sequence, ".table": table}.get(source.suffix)
        if not draw:
            continue
        lines = [line for line in source.read_text().splitlines() if line.strip() and not line.startswith("#")]
        title = next(line for line in lines if line.startswith("title ")).removeprefix("title ")
        svg = draw([line for line in lines if not line.startswith("title ")], title).svg()
        target = here.parent / (source.stem + ".svg")
        if "--check" not in sys.argv:
            target.write_text(svg)
        elif not target.exists() or target.read_text() != svg:
            stale.append(target.name)
    if stale:
        raise SystemExit(f"not as their texts say: {', '.join(stale)}; run docs/diagrams/draw.py")


if __name__ == "__main__":
    main()
