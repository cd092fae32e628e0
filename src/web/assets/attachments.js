// What is stored: a list of any length, of which only the rows in sight exist.

import {get} from "./api.js";
import {el, heading, chip, note, replace, say} from "./dom.js";
import * as format from "./format.js";
import {openPanel, closePanel} from "./panel.js";

const PAGE = 100;
const COLUMNS = [
    {order: "name", name: "Name"},
    {order: "from", name: "From"},
    {order: "subject", name: "Message"},
    {order: "bytes", name: "Size", numeric: true},
    {order: "stored", name: "Received", numeric: true},
];

// For a screen too narrow for columns with heads to press.
const SORTS = [
    ["stored down", "Newest first"], ["stored up", "Oldest first"], ["name up", "Name, A to Z"], ["name down", "Name, Z to A"],
    ["from up", "Sender, A to Z"], ["from down", "Sender, Z to A"], ["subject up", "Message, A to Z"], ["subject down", "Message, Z to A"],
    ["bytes down", "Largest first"], ["bytes up", "Smallest first"],
];

let list = null;
let opened = "";

class List {
    constructor(main) {
        this.words = "";
        this.order = "stored";
        this.way = "down";
        this.pages = new Map();
        this.asked = new Set();
        this.found = 0;
        this.generation = 0;
        this.build(main);
    }

    build(main) {
        this.search = el("input", {type: "search", placeholder: "Search name, sender or message", "aria-label": "Search attachments",
            autocomplete: "off", spellcheck: "false", maxlength: "200", oninput: () => this.searchSoon()});
        this.sorts = el("select", {class: "sorts", "aria-label": "Sort by", onchange: () => this.sort(...this.sorts.value.split(" "))},
            SORTS.map(([value, words]) => el("option", {value}, words)));
        this.summary = el("p", {class: "summary", role: "status"});
        this.arriving = el("ul", {class: "arriving", "aria-label": "On their way"});
        this.body = el("tbody");
        this.heads = COLUMNS.map((column) => el("th", {scope: "col", class: "col-" + column.order},
            el("button", {type: "button", class: "plain", onclick: () => this.sortBy(column.order)}, column.name, el("span", {"aria-hidden": "true", class: "arrow"}))));
        this.table = el("table", {class: "list", "aria-label": "Attachments"},
            el("thead", {}, el("tr", {}, this.heads)), this.body);
        this.scroller = el("div", {class: "scroller", tabindex: "-1", onscroll: () => this.drawSoon()}, this.table);
        this.empty = el("div", {class: "empty", hidden: true});
        main.append(heading("Attachments", el("div", {class: "search"}, this.search, this.sorts)), this.arriving, this.summary, this.scroller, this.empty);
        this.body.addEventListener("keydown", (event) => this.key(event));
        this.resize = () => this.draw();
        addEventListener("resize", this.resize);
        this.showOrder();
        this.reload();
    }

    rowHeight() {
        return matchMedia("(max-width: 46rem)").matches ? 68 : 52;
    }

    searchSoon() {
        clearTimeout(this.searching);
        this.searching = setTimeout(() => {
            this.words = this.search.value;
            this.reload(true);
        }, 120);
    }

    sortBy(order) {
        const first = order === "bytes" || order === "stored" ? "down" : "up";
        const other = this.way === "up" ? "down" : "up";
        this.sort(order, this.order === order ? other : first);
    }

    sort(order, way) {
        this.order = order;
        this.way = way;
        this.showOrder();
        this.reload(true);
    }

    showOrder() {
        this.sorts.value = `${this.order} ${this.way}`;
        COLUMNS.forEach((column, index) => {
            const head = this.heads[index];
            const on = column.order === this.order;
            if (on) head.setAttribute("aria-sort", this.way === "up" ? "ascending" : "descending");
            else head.removeAttribute("aria-sort");
            head.querySelector(".arrow").textContent = on ? (this.way === "up" ? " ↑" : " ↓") : "";
        });
    }

    reload(fromTop = false) {
        this.generation += 1;
        this.asked.clear();
        this.stale = new Map(this.pages);
        if (fromTop) {
            this.scroller.scrollTop = 0;
            this.stale.clear();
        }
        this.pages.clear();
        this.ask(Math.floor(this.firstRow() / PAGE));
    }

    firstRow() {
        return Math.max(0, Math.floor(this.scroller.scrollTop / this.rowHeight()) - 8);
    }

    async ask(page) {
        if (this.asked.has(page)) return;
        this.asked.add(page);
        const generation = this.generation;
        try {
            const words = new URLSearchParams({words: this.words, order: this.order, way: this.way, from: String(page * PAGE), count: String(PAGE)});
            const answer = await get("api/attachments?" + words);
            if (generation !== this.generation) return;
            this.pages.set(page, answer.attachments);
            this.take(answer);
        } catch (failure) {
            this.asked.delete(page);
            if (failure.status !== 401) note(failure.message, "bad");
        }
    }

    take(answer) {
        this.found = answer.found;
        this.revision = answer.revision;
        const searched = this.words.trim() !== "";
        const all = format.count(answer.all, "attachment");
        this.summary.textContent = (searched ? `${answer.found.toLocaleString()} of ${all}` : all) +
            (answer.complete ? "" : " · still reading labels…");
        this.table.setAttribute("aria-rowcount", String(answer.found + 1));
        const nothing = answer.found === 0;
        this.scroller.hidden = nothing;
        this.empty.hidden = !nothing;
        if (nothing) {
            replace(this.empty, searched ? el("p", {}, "Nothing matches.") : [el("p", {class: "big"}, "Nothing here yet"),
                el("p", {}, "Attachments that people send you appear here by themselves, as soon as they arrive.")]);
        }
        this.draw();
    }

    row(index) {
        const page = Math.floor(index / PAGE);
        const rows = this.pages.get(page);
        if (!rows) this.ask(page);
        return (rows ?? this.stale?.get(page))?.[index % PAGE];
    }

    drawSoon() {
        if (this.frame) return;
        this.frame = requestAnimationFrame(() => {
            this.frame = 0;
            this.draw();
        });
    }

    draw() {
        const height = this.rowHeight();
        const first = Math.min(this.firstRow(), Math.max(0, this.found - 1));
        const last = Math.min(this.found, first + Math.ceil(this.scroller.clientHeight / height) + 16);
        const focused = document.activeElement?.closest?.("tr[data-index]")?.dataset.index;
        const rows = [spacer(first * height)];
        for (let index = first; index < last; index += 1) rows.push(this.draw_row(index, height));
        rows.push(spacer((this.found - last) * height));
        replace(this.body, rows);
        if (focused !== undefined) this.focus(Number(focused), false);
    }

    draw_row(index, height) {
        const one = this.row(index);
        const row = el("tr", {"data-index": String(index), "aria-rowindex": String(index + 2)});
        row.style.height = height + "px";
        if (!one) {
            row.append(el("td", {colspan: "5", class: "loading"}, "…"));
            return row;
        }
        row.addEventListener("click", (event) => {
            if (!event.target.closest("a")) location.hash = "#/a/" + one.content_id;
        });
        row.append(
            el("td", {class: "col-name"}, el("a", {href: "#/a/" + one.content_id, title: one.name || "Sealed for its owner"},
                el("span", {class: "kind", "aria-hidden": "true"}, kindOf(one)), one.name || "Sealed attachment"), awayChip(one)),
            el("td", {class: "col-from", title: one.from}, one.from || "—", one.from && !one.verified ? chip("unverified", "warn") : null),
            el("td", {class: "col-subject", title: one.subject}, one.subject || (one.readable ? "—" : "")),
            el("td", {class: "col-bytes"}, format.size(one.bytes)),
            el("td", {class: "col-stored", title: format.exactDate(one.stored)}, format.date(one.stored)));
        return row;
    }

    focus(index, scroll = true) {
        if (index < 0 || index >= this.found) return;
        const height = this.rowHeight();
        if (scroll) {
            const top = index * height;
            const view = this.scroller.clientHeight - 2 * height;
            if (top < this.scroller.scrollTop) this.scroller.scrollTop = top;
            else if (top > this.scroller.scrollTop + view) this.scroller.scrollTop = top - view;
            this.draw();
        }
        this.body.querySelector(`tr[data-index="${index}"] a`)?.focus({preventScroll: true});
    }

    // After a look at one: the rows may have been made anew meanwhile.
    focusEntry(id) {
        const link = this.body.querySelector(`a[href="#/a/${id}"]`) ?? this.body.querySelector("tr[data-index] a");
        (link ?? this.scroller).focus({preventScroll: true});
    }

    key(event) {
        const at = Number(event.target.closest("tr[data-index]")?.dataset.index);
        if (Number.isNaN(at)) return;
        const page = Math.max(1, Math.floor(this.scroller.clientHeight / this.rowHeight()) - 2);
        const to = {ArrowDown: at + 1, ArrowUp: at - 1, PageDown: Math.min(this.found - 1, at + page), PageUp: Math.max(0, at - page),
            Home: 0, End: this.found - 1}[event.key];
        if (to === undefined) return;
        event.preventDefault();
        this.focus(to);
    }

    takePulse(pulse) {
        if (this.revision !== undefined && pulse.revision !== this.revision) {
            this.revision = pulse.revision;
            this.reload();
            // While a first look goes on it changes all the time.
            if (pulse.complete) say("The list has changed.");
        }
        const coming = (pulse.transfers ?? []).filter((one) => one.direction === "in" && one.state === "moving");
        replace(this.arriving, coming.map((one) => el("li", {}, el("span", {class: "what"}, one.name || "An attachment"),
            el("progress", {max: String(one.bytes || 1), value: String(one.done), "aria-label": "Received of " + (one.name || "an attachment")}),
            el("span", {class: "quiet"}, `on its way, ${format.size(one.done)} of ${format.size(one.bytes)}`))));
    }
}

function spacer(height) {
    const row = el("tr", {class: "spacer", "aria-hidden": "true"});
    row.style.height = height + "px";
    return row;
}

function awayChip(one) {
    return {"own node": chip("on another node", "on"), gateway: chip("in escrow", "warn")}[one.place] ?? null;
}

function kindOf(one) {
    if (!one.readable) return "▢";
    const type = one.type.split("/")[0];
    return {image: "◩", video: "▷", audio: "♪", text: "≡"}[type] ?? (one.type === "application/pdf" ? "≣" : "▤");
}

export function enter(main, rest) {
    list = new List(main);
    go(rest);
}

export function go(id) {
    if (/^[0-9a-f]{64}$/.test(id)) {
        opened = id;
        openPanel(id, () => list?.reload());
        return;
    }
    closePanel();
    if (opened) list?.focusEntry(opened);
    opened = "";
}

export function take(pulse) {
    list?.takePulse(pulse);
}

export function leave() {
    closePanel();
    opened = "";
    removeEventListener("resize", list.resize);
    list = null;
}

addEventListener("keydown", (event) => {
    if (event.key === "/" && list && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) {
        event.preventDefault();
        list.search.focus();
    }
});
