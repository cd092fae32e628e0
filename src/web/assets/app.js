// The page of a Satchel node: who is let in, and which part is shown.

import {hasKey, listen, logIn, onLocked, logOut} from "./api.js";
import {el, note, replace} from "./dom.js";
import * as attachments from "./attachments.js";
import * as transfers from "./transfers.js";
import * as storage from "./storage.js";
import * as sent from "./sent.js";
import * as health from "./health.js";
import * as gateway from "./gateway.js";

const PARTS = [
    {path: "", name: "Attachments", view: attachments},
    {path: "transfers", name: "Transfers", view: transfers},
    {path: "storage", name: "Storage", view: storage},
    {path: "sent", name: "Sent", view: sent},
    {path: "health", name: "Health", view: health},
    {path: "gateway", name: "Gateway", view: gateway},
];

const main = document.getElementById("main");
const nav = document.getElementById("nav");
let shown = null;
let pulse = null;

function place() {
    const [, part = "", ...rest] = location.hash.split("/");
    return part === "a" ? {part: "", rest: rest.join("/")} : {part, rest: rest.join("/")};
}

function show() {
    const {part, rest} = place();
    const found = PARTS.find((one) => one.path === part) ?? PARTS[0];
    for (const link of nav.querySelectorAll("a")) {
        if (link.dataset.part === found.path) {
            link.setAttribute("aria-current", "page");
            link.scrollIntoView({block: "nearest", inline: "center"});
        } else {
            link.removeAttribute("aria-current");
        }
    }
    document.title = `${found.name} · Satchel`;
    if (shown?.part === found && found.view.go) {
        found.view.go(rest);
        return;
    }
    shown?.part.view.leave?.();
    shown = {part: found};
    replace(main);
    found.view.enter(main, rest);
    if (pulse) found.view.take?.(pulse);
}

function showLocked() {
    shown?.part.view.leave?.();
    shown = null;
    replace(nav);
    document.title = "Satchel";
    replace(main, el("section", {class: "locked"},
        el("img", {src: "icon.svg", alt: "", width: "56", height: "56"}),
        el("h1", {}, "This page is yours alone"),
        el("p", {}, "Your node opens it for one browser at a time. On the machine where the node runs, type"),
        el("pre", {}, el("code", {}, "satchel open")),
        el("p", {class: "quiet"}, "A session lasts until the node stops.")));
}

function takePulse(now) {
    pulse = now;
    const moving = (now.transfers ?? []).filter((one) => one.state === "moving").length;
    const link = nav.querySelector('[data-part="transfers"] .badge');
    if (link) link.textContent = moving ? String(moving) : "";
    const gate = nav.querySelector('[data-part="gateway"]');
    if (gate) gate.hidden = !now.gateway;
    shown?.part.view.take?.(now);
}

function open() {
    replace(nav, PARTS.map((part) => el("a", {href: "#/" + part.path, "data-part": part.path, hidden: part.path === "gateway"},
        part.name, el("span", {class: "badge"}))),
    el("button", {class: "plain", type: "button", onclick: logOut}, "Lock"));
    show();
    let lost = false;
    listen((now) => {
        if (lost) note("Your node is back.");
        lost = false;
        takePulse(now);
    }, () => {
        if (!lost) note("Your node does not answer. This page tries again.", "bad");
        lost = true;
    });
}

async function begin() {
    const words = new URLSearchParams(location.hash.slice(1));
    const token = words.get("token");
    if (token) {
        // It works once, and must not stay in the history.
        history.replaceState(null, "", words.get("a") ? "#/a/" + words.get("a") : "#/");
        try {
            await logIn(token);
        } catch (failure) {
            if (!hasKey()) note(failure.message, "bad");
        }
    }
    if (hasKey()) open();
    else showLocked();
}

onLocked(() => {
    localStorage.removeItem("satchel-key");
    showLocked();
});
addEventListener("hashchange", () => {
    if (location.hash.includes("token=")) location.reload();
    else if (shown) show();
});
// Another tab has logged in.
addEventListener("storage", (event) => {
    if (event.key === "satchel-key" && event.newValue && !shown) location.reload();
});
begin();
