// One attachment: what is known of it, what it looks like, and what can be done with it.

import {get, post} from "./api.js";
import {el, chip, confirm, note, replace, say} from "./dom.js";
import * as format from "./format.js";

const TEXT_SHOWN = 256 * 1024;
const SOURCES = {"own other node": "another node of yours", "incoming gateway": "your mail gateway", sender: "its sender"};

let dialog = null;
let current = "";

function row(name, ...value) {
    return [el("dt", {}, name), el("dd", {}, ...value)];
}

function title(text) {
    return el("h2", {id: "panel-title"}, text);
}

function facts(one) {
    const list = el("dl", {class: "facts"});
    if (one.readable) list.append(...row("From", one.from || "nobody says", " ", one.verified ? chip("verified", "good") : chip("unverified", "warn")));
    else if (one.from) list.append(...row("From", one.from, " ", one.verified ? chip("verified", "good") : null));
    if (one.subject) list.append(...row("Message", one.subject));
    list.append(...row("Size", `${format.size(one.bytes)} (${one.bytes.toLocaleString()} bytes)`));
    list.append(...row(one.place === "gateway" ? "Seen" : "Received", format.exactDate(one.stored)));
    list.append(...row("Where", ...[where(one)].flat()));
    if (one.recipient) list.append(...row("For", one.recipient));
    if (one.type && one.readable) list.append(...row("Type", one.type));
    list.append(...row("Reference", el("code", {class: "id"}, `satchel:1:${one.content_id}:${one.blob_bytes}`)));
    return list;
}

function where(one) {
    if (one.place === "own node") return ["on another node of yours, ", el("code", {class: "id"}, one.place_name.slice(0, 10) + "…"), ", not on this one"];
    if (one.place === "gateway") return `in escrow at your mail gateway, ${one.place_name}, until this node has taken it`;
    const others = one.copies ?? 0;
    return others ? `here, and on ${format.count(others, "other node")} of yours` : "here";
}

function sealed(one) {
    return el("p", {class: "notice"}, "Only sizes and dates are known here: this node stores for ",
        el("strong", {}, one.recipient || "somebody else"), " and has no key that opens what it keeps. Names and contents show on a node that holds its owner's keys.");
}

function act(name, kind, work) {
    const button = el("button", {type: "button", class: kind}, name);
    button.addEventListener("click", async () => {
        button.disabled = true;
        try {
            await work(button);
        } catch (failure) {
            if (failure.status !== 401) note(failure.message, "bad");
        }
        button.disabled = false;
    });
    return button;
}

async function remove(one, changed) {
    const what = one.name || "this attachment";
    if (!await confirm(`Delete “${what}” from this node? Copies elsewhere stay where they are.`, "Delete")) return;
    await post(`api/attachments/${one.content_id}/delete`);
    note(`Deleted “${what}”.`);
    location.hash = "#/";
    changed();
}

async function mail(one) {
    const answer = await post(`api/attachments/${one.content_id}/mail`);
    note(`“${one.name}” is on its way to ${answer.address}, as ordinary mail.`);
}

function buttons(one, opened, changed) {
    const row_of_buttons = el("div", {class: "buttons"});
    if (opened) row_of_buttons.append(el("a", {class: "button", href: opened.save, download: opened.name}, "Download"));
    if (one.readable && one.own) row_of_buttons.append(act("Mail it to me", "quiet-button", () => mail(one)));
    if (one.own) row_of_buttons.append(act("Delete", "quiet-button danger-text", () => remove(one, changed)));
    return row_of_buttons;
}

async function preview(opened) {
    if (opened.format.startsWith("image/")) return el("img", {src: opened.show, alt: `Preview of ${opened.name}`});
    if (opened.format === "application/pdf") return el("iframe", {src: opened.show, title: `Preview of ${opened.name}`, class: "pdf"});
    if (opened.format !== "text/plain") return el("p", {class: "quiet"}, "No preview for this kind of file.");
    const answer = await fetch(opened.save, {headers: {Range: `bytes=0-${TEXT_SHOWN - 1}`}});
    const text = new TextDecoder().decode(await answer.arrayBuffer());
    const cut = opened.bytes > TEXT_SHOWN;
    return [el("pre", {class: "text", tabindex: "0", "aria-label": `Beginning of ${opened.name}`}, text), cut ? el("p", {class: "quiet"}, "Only the beginning is shown.") : null];
}

function fetchButton(id, words, again) {
    return act(words, "", async (button) => {
        button.textContent = "Looking…";
        say("Looking for the attachment.");
        try {
            const answer = await post(`api/attachments/${id}/fetch`);
            note(answer.source ? `Fetched from ${SOURCES[answer.source] ?? answer.source}.` : "It is here.");
            again();
        } finally {
            button.textContent = words;
        }
    });
}

function nowhere(id, again) {
    return [title("Not on this node"),
        el("p", {}, "This attachment is not stored here. It may be on another node of yours, at your mail server's gateway, or still with its sender."),
        el("div", {class: "buttons"}, fetchButton(id, "Look for it", again)),
        el("p", {class: "quiet"}, el("code", {class: "id"}, id))];
}

function away(one, again) {
    return [title(one.name || "Sealed attachment"), el("div", {class: "buttons"}, fetchButton(one.content_id, "Fetch it here", again)),
        el("p", {class: "notice"}, "Its content is not on this node. Fetched, it can be looked at, saved and mailed."), facts(one)];
}

async function fill(id, box, changed) {
    let one;
    const again = () => {
        fill(id, box, changed);
        changed();
    };
    try {
        one = await get("api/attachments/" + id);
    } catch (failure) {
        if (failure.status !== 404) throw failure;
        replace(box, nowhere(id, again));
        return;
    }
    if (current !== id) return;
    if (one.place !== "here") {
        replace(box, away(one, again));
        return;
    }
    const frame = el("div", {class: "preview", "aria-busy": "true"}, one.readable ? el("p", {class: "quiet"}, "Checking the content…") : sealed(one));
    const bar = el("div", {}, buttons(one, null, changed));
    replace(box, title(one.name || "Sealed attachment"), bar, frame, facts(one));
    if (!one.readable) return;
    try {
        const opened = await post(`api/attachments/${id}/open`);
        if (current !== id) return;
        replace(bar, buttons(one, opened, changed));
        replace(frame, await preview(opened));
    } catch (failure) {
        replace(frame, el("p", {class: "notice bad"}, failure.message));
    }
    frame.removeAttribute("aria-busy");
}

export function openPanel(id, changed) {
    if (current === id) return;
    closePanel();
    current = id;
    const box = el("div", {class: "panel-body"}, el("p", {class: "quiet"}, "…"));
    dialog = el("dialog", {class: "panel", "aria-label": "Attachment", "aria-labelledby": "panel-title"},
        el("button", {type: "button", class: "plain close", "aria-label": "Close", onclick: () => dialog.close()}, "×"), box);
    dialog.addEventListener("click", (event) => {
        if (event.target === dialog) dialog.close();
    });
    dialog.addEventListener("close", () => {
        if (current === id) location.hash = "#/";
    });
    document.body.append(dialog);
    dialog.showModal();
    fill(id, box, changed).catch((failure) => {
        if (failure.status !== 401) replace(box, el("p", {class: "notice bad"}, failure.message));
    });
}

export function closePanel() {
    current = "";
    dialog?.remove();
    dialog = null;
}
