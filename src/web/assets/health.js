// What `satchel doctor` says of this home, and what to do about it.

import {post} from "./api.js";
import {chip, el, heading, note, replace, say} from "./dom.js";

const STATES = {ok: ["fine", "good"], warning: ["look at this", "warn"], failure: ["broken", "bad"], unknown: ["not known", ""]};
const ORDER = ["failure", "warning", "unknown", "ok"];

function finding(one) {
    const [word, kind] = STATES[one.state] ?? STATES.unknown;
    return el("li", {class: "finding"}, el("div", {}, chip(word, kind)), el("div", {}, el("strong", {}, one.check), el("div", {}, one.words),
        one.advice ? el("p", {class: "advice"}, one.advice) : null));
}

async function look(box, button) {
    button.disabled = true;
    button.textContent = "Looking…";
    try {
        const {findings} = await post("api/doctor", {settled: true});
        const sorted = [...findings].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
        const bad = findings.filter((one) => one.state === "failure").length;
        const warned = findings.filter((one) => one.state === "warning").length;
        const words = bad ? `${bad} ${bad === 1 ? "thing is" : "things are"} broken.` : warned ? "It works; something deserves a look." : "All is well.";
        say(words);
        replace(box, el("p", {class: "notice" + (bad ? " bad" : "")}, words), el("section", {class: "card"}, el("ul", {class: "plain-list"}, sorted.map(finding))));
    } catch (failure) {
        if (failure.status !== 401) note(failure.message, "bad");
    }
    button.disabled = false;
    button.textContent = "Look again";
}

export function enter(main) {
    main.classList.add("flowing");
    const box = el("div", {}, el("p", {class: "quiet"}, "Asking DNS, other nodes and the disk: this takes some seconds…"));
    const button = el("button", {type: "button", class: "quiet-button", onclick: () => look(box, button)}, "Look again");
    main.append(heading("Health", button), box);
    look(box, button);
}

export function leave() {
    document.getElementById("main").classList.remove("flowing");
}
