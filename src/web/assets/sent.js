// Receipts: a storage's signed word that it holds what this home delivered.

import {get} from "./api.js";
import {el, heading, note, replace} from "./dom.js";
import * as format from "./format.js";

const PAGE = 100;

// Saved from here: the text is ours, and no address of the node is needed.
function save(one) {
    const text = `# ${one.name || "attachment"}, ${one.address}\n${one.proof}\n`;
    const link = el("a", {href: URL.createObjectURL(new Blob([text], {type: "text/plain"})), download: `${one.name || one.content_id.slice(0, 10)}.receipt`});
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function row(one) {
    return el("tr", {}, el("td", {}, el("strong", {}, one.name || one.content_id.slice(0, 10) + "…")), el("td", {}, one.address),
        el("td", {}, format.size(one.blob_bytes)), el("td", {}, format.route(one.route)), el("td", {title: format.exactDate(one.time)}, format.date(one.time)),
        el("td", {}, el("button", {type: "button", class: "quiet-button", onclick: () => save(one)}, "Save receipt")));
}

export async function enter(main) {
    main.classList.add("flowing");
    const rows = el("tbody");
    const summary = el("p", {class: "summary", role: "status"}, "…");
    const table = el("div", {class: "card wide", hidden: true}, el("table", {class: "rows"}, el("thead", {}, el("tr", {}, ["File", "Stored by", "Size", "Way", "When", ""].map((name) => el("th", {scope: "col"}, name)))), rows));
    const empty = el("div", {class: "empty", hidden: true}, el("p", {class: "big"}, "Nothing sent yet"),
        el("p", {}, "Send a mail with attachments through your gateway, or a single file:"), el("p", {}, el("code", {}, "satchel push FILE ADDRESS")),
        el("p", {}, "Each delivery leaves a receipt here, signed by the recipient's storage."));
    const more = el("button", {type: "button", class: "quiet-button", hidden: true}, "Show older ones");
    let shown = 0;
    async function load() {
        try {
            const answer = await get(`api/receipts?from=${shown}&count=${PAGE}`);
            shown += answer.receipts.length;
            rows.append(...answer.receipts.map(row));
            table.hidden = shown === 0;
            more.hidden = shown >= answer.found;
            summary.textContent = answer.found ? `${format.count(answer.found, "receipt")}: each is the signed word of a recipient's storage that it holds the file. Whoever has one can check it with “satchel receipts verify”.`
                : "";
            empty.hidden = answer.found > 0;
        } catch (failure) {
            if (failure.status !== 401) note(failure.message, "bad");
        }
    }
    more.addEventListener("click", load);
    replace(main, heading("Sent"), summary, empty, table, more);
    await load();
}

export function leave() {
    document.getElementById("main").classList.remove("flowing");
}
