// What moves now, what waits and why, and how the latest transfers went.

import {chip, el, heading, replace, say} from "./dom.js";
import * as format from "./format.js";

let parts = null;
let rates = new Map();

const STATES = {moving: ["moving", "on"], done: ["delivered", "good"], failed: ["failed", "bad"], refused: ["refused", "bad"], waiting: ["waiting", "warn"]};

// Bytes a second, smoothed over what the node tells twice a second.
function rateOf(one) {
    const now = performance.now();
    const before = rates.get(one.number);
    if (!before) {
        rates.set(one.number, {at: now, done: one.done, rate: 0});
        return 0;
    }
    const seconds = (now - before.at) / 1000;
    if (seconds > 0.3) {
        const rate = (one.done - before.done) / seconds;
        rates.set(one.number, {at: now, done: one.done, rate: before.rate ? 0.6 * before.rate + 0.4 * rate : rate});
    }
    return rates.get(one.number).rate;
}

function words(one) {
    if (one.state === "moving") {
        const rate = rateOf(one);
        const left = rate > 0 ? `, ${format.size(rate)}/s, ${format.span((one.bytes - one.done) / rate)} left` : "";
        return `${format.size(one.done)} of ${format.size(one.bytes)}${left}`;
    }
    if (one.state === "waiting") {
        const next = one.next_try ? `, next try in ${format.span(one.next_try - Date.now() / 1000)}` : "";
        return `${format.count(one.blobs, "attachment")}, ${format.size(one.bytes)}; ${format.count(one.tries, "try", "tries")}${next}`;
    }
    const size = one.state === "failed" && one.done ? `${format.size(one.done)} of ${format.size(one.bytes)}` : format.size(one.bytes);
    return [size, format.route(one.route), format.date(one.ended)].filter(Boolean).join(", ");
}

function line(one) {
    const came = one.direction === "in";
    const [word, kind] = came && one.state === "done" ? ["received", "good"] : STATES[one.state];
    const name = one.state === "waiting" ? "For " + one.peer : one.name || "An attachment";
    const peer = one.peer === "unverified" ? "somebody nobody vouches for" : one.peer;
    const way = came ? (peer ? "from " + peer : "arriving") : one.state === "waiting" ? "kept in escrow until the storage answers" : "to " + one.peer;
    const kept = came && one.state === "failed" && one.done > 0;
    const reason = [one.reason, kept ? "What has come is kept: its sender goes on from there." : ""].filter(Boolean).join(". ");
    return el("li", {}, el("div", {class: "line"}, el("strong", {}, name), chip(word, kind), el("span", {class: "right"}, words(one))),
        el("div", {class: "quiet"}, way),
        one.state === "moving" ? el("progress", {max: String(one.bytes || 1), value: String(one.done), "aria-label": "Progress of " + name}) : null,
        reason ? el("p", {class: "advice"}, reason) : null);
}

function section(title, rows, empty) {
    return el("section", {class: "card"}, el("h2", {}, title), rows.length ? el("ul", {class: "plain-list"}, rows.map(line)) : el("p", {class: "quiet"}, empty));
}

export function enter(main) {
    main.classList.add("flowing");
    parts = el("div", {}, el("p", {class: "quiet"}, "…"));
    main.append(heading("Transfers"), parts);
}

let told = "";

export function take(pulse) {
    const all = pulse.transfers ?? [];
    const moving = all.filter((one) => one.state === "moving");
    const waiting = all.filter((one) => one.state === "waiting");
    const again = new Set(moving.map((one) => one.direction + one.content_id));
    const over = all.filter((one) => one.state === "done" || ((one.state === "failed" || one.state === "refused") && !again.has(one.direction + one.content_id))).reverse();
    for (const number of rates.keys()) if (!moving.some((one) => one.number === number)) rates.delete(number);
    const news = `${moving.length} moving, ${waiting.length} waiting`;
    if (news !== told) say(news);
    told = news;
    replace(parts, section("Now", moving, "Nothing moves. What you send and what comes for you shows here, with its progress."),
        waiting.length ? section("Waiting", waiting, "") : null,
        section("Lately", over, "Nothing yet. The latest transfers stay here, with how they went."));
}

export function leave() {
    document.getElementById("main").classList.remove("flowing");
    rates = new Map();
}
