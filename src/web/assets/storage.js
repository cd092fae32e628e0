// How much room is used: now, by whom, and how it came to be.

import {get} from "./api.js";
import {el, heading, note, replace, svg} from "./dom.js";
import * as format from "./format.js";

const WIDTH = 1100;
const HEIGHT = 230;
const LEFT = 72;
const BOTTOM = 26;

let box = null;
let revision = -1;

// A step up on each day on which something came that is still here.
function curve(days, today) {
    const first = days.length ? Math.min(days[0].day, today - 6) : today - 6;
    const points = [{day: first, sum: 0}];
    let sum = 0;
    for (const one of days) {
        points.push({day: one.day, sum});
        sum += one.bytes;
        points.push({day: one.day, sum});
    }
    points.push({day: today, sum});
    return {points, first, last: Math.max(today, first + 1), top: sum || 1};
}

function nice(value) {
    const scale = 10 ** Math.floor(Math.log10(value));
    return [1, 2, 5, 10].map((one) => one * scale).find((one) => one >= value);
}

function plot(days, today) {
    const {points, first, last, top} = curve(days, today);
    const roof = nice(top);
    const x = (day) => LEFT + ((day - first) / (last - first)) * (WIDTH - LEFT - 8);
    const y = (sum) => 10 + (1 - sum / roof) * (HEIGHT - BOTTOM - 10);
    const path = points.map((one, index) => `${index ? "L" : "M"}${x(one.day).toFixed(1)} ${y(one.sum).toFixed(1)}`).join("");
    const picture = svg("svg", {class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `Stored bytes over time: ${format.size(top)} now`});
    for (const part of [0, 0.5, 1]) {
        picture.append(svg("line", {class: "grid", x1: LEFT, x2: WIDTH - 8, y1: y(roof * part), y2: y(roof * part)}),
            svg("text", {x: LEFT - 8, y: y(roof * part) + 4, "text-anchor": "end"}, part ? format.size(roof * part) : "0"));
    }
    picture.append(svg("path", {class: "area", d: `${path}L${x(last)} ${y(0)}L${x(first)} ${y(0)}Z`}), svg("path", {class: "curve", d: path}));
    for (const [day, anchor] of [[first, "start"], [last, "end"]]) {
        picture.append(svg("text", {x: x(day), y: HEIGHT - 6, "text-anchor": anchor}, day === today ? "today" : format.date(day * 86400 + 43200)));
    }
    return picture;
}

function bar(part, label) {
    const inner = el("i");
    inner.style.width = `${Math.min(100, 100 * part)}%`;
    return el("div", {class: label ? "meter" : "track", role: label ? "img" : undefined, "aria-label": label || undefined}, inner);
}

function show(use) {
    const most = Math.max(1, ...use.by_sender.map((one) => one.bytes));
    replace(box,
        el("section", {class: "card"}, el("h2", {}, `${format.size(use.used)} of ${format.size(use.quota)} used`),
            bar(use.used / use.quota, `${Math.round((100 * use.used) / use.quota)} per cent of the quota`),
            el("p", {class: "quiet"}, `${format.count(use.blobs, "attachment")}` + (use.reserved ? `, and ${format.size(use.reserved)} promised to what is arriving` : "") +
                `. One sender may fill ${format.size(use.quota_per_sender)}. Both are set in satchel.toml: node.quota, node.quota_per_sender.`)),
        el("section", {class: "card"}, el("h2", {}, "Over time"), plot(use.by_day, use.today)),
        el("section", {class: "card"}, el("h2", {}, "By sender"), use.by_sender.length ? el("dl", {class: "bars"}, use.by_sender.map((one) => [
            el("dt", {title: one.from}, one.from || "all others"), el("dd", {}, bar(one.bytes / most, "")),
            el("dd", {class: "number"}, `${format.size(one.bytes)} · ${one.blobs.toLocaleString()}`)])) : el("p", {class: "quiet"}, "Nothing is stored yet.")));
}

async function load() {
    try {
        show(await get("api/storage"));
    } catch (failure) {
        if (failure.status !== 401) note(failure.message, "bad");
    }
}

export function enter(main) {
    main.classList.add("flowing");
    box = el("div", {}, el("p", {class: "quiet"}, "…"));
    revision = -1;
    main.append(heading("Storage"), box);
}

export function take(pulse) {
    if (pulse.revision === revision) return;
    revision = pulse.revision;
    load();
}

export function leave() {
    document.getElementById("main").classList.remove("flowing");
}
