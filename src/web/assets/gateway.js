// What the mail gateway of this home holds: each message, the plan for each recipient, and why.

import {get, post} from "./api.js";
import {chip, confirm, el, heading, note, replace} from "./dom.js";
import * as format from "./format.js";

const LOOK_AGAIN = 3000;

let timer = 0;

function recipient(one) {
    const waits = one.state === "queued";
    const kind = one.state === "failed" ? "bad" : waits || one.escrow_bytes ? "warn" : "good";
    const next = waits && one.next_try ? `next try ${format.date(one.next_try)}` : "";
    return el("li", {}, el("div", {class: "line"}, el("span", {}, one.address), chip(one.state, kind), one.plan ? chip("plan: " + one.plan) : null,
        one.escrow_bytes ? chip(`escrow: ${format.size(one.escrow_bytes)}`, "warn") : null,
        el("span", {class: "right"}, [format.count(one.tries, "try", "tries"), next].filter(Boolean).join(", "))),
    one.reason ? el("p", {class: "advice"}, one.reason) : null);
}

function button(name, kind, work) {
    return el("button", {type: "button", class: kind, onclick: async (event) => {
        event.target.disabled = true;
        try {
            await work();
        } catch (failure) {
            note(failure.message, "bad");
        }
        event.target.disabled = false;
    }}, name);
}

function message(one, reload) {
    const inEscrow = one.recipients.some((each) => each.escrow_bytes);
    return el("section", {class: "card"}, el("div", {class: "line"}, el("h2", {}, "From " + (one.from || "the mail system")), el("span", {class: "right"}, `${one.id.slice(0, 12)} · ${format.date(one.received)}`)),
        el("ul", {class: "plain-list"}, one.recipients.map(recipient)),
        el("div", {class: "buttons"},
            button("Try again now", "quiet-button", async () => {
                await post("api/gateway/retry", {id: one.id});
                note("Taken up now.");
                await reload();
            }),
            inEscrow ? button("Send in full", "quiet-button", async () => {
                if (!await confirm("Give up on the storage, and send the whole message with its attachments by mail?", "Send in full")) return;
                await post("api/gateway/repair", {id: one.id});
                note("The message is sent in full.");
                await reload();
            }) : null));
}

export function enter(main) {
    main.classList.add("flowing");
    const summary = el("p", {class: "summary", role: "status"}, "…");
    const box = el("div");
    let before = "";
    main.append(heading("Gateway"), summary, box);
    async function load() {
        clearTimeout(timer);
        try {
            const answer = await get("api/gateway");
            const now = JSON.stringify(answer);
            if (now !== before) {
                const escrow = answer.messages.flatMap((one) => one.recipients).reduce((sum, one) => sum + one.escrow_bytes, 0);
                summary.textContent = `${format.count(answer.messages.length, "message")} held, ${format.size(escrow)} in escrow`;
                replace(box, answer.messages.length ? answer.messages.map((one) => message(one, load)) : el("div", {class: "empty"}, el("p", {class: "big"}, "The queue is empty"), el("p", {}, "Messages stand here while a recipient's storage or the next mail server is waited for.")));
            }
            before = now;
        } catch (failure) {
            if (failure.status === 401) return;
            summary.textContent = failure.message;
        }
        timer = setTimeout(load, LOOK_AGAIN);
    }
    load();
}

export function leave() {
    clearTimeout(timer);
    document.getElementById("main").classList.remove("flowing");
}
