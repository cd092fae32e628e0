// Elements made from words. What others wrote only ever becomes text: nothing here reads HTML.

export function el(tag, options = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(options)) {
        if (value === undefined || value === null || value === false) continue;
        if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
        else if (name === "class") element.className = value;
        else if (name in element && typeof value !== "string") element[name] = value;
        else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
    return element;
}

const SVG = "http://www.w3.org/2000/svg";

export function svg(tag, attributes = {}, ...children) {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
}

export function replace(parent, ...children) {
    parent.replaceChildren(...children.flat(Infinity).filter(Boolean));
}

// For ears: said once, in the order of the calls.
export function say(text) {
    document.getElementById("live").textContent = text;
}

// For eyes and ears: stays for a while.
export function note(text, kind = "") {
    const box = el("div", {class: "note " + kind}, el("span", {}, text),
        el("button", {class: "plain", type: "button", "aria-label": "Dismiss", onclick: () => box.remove()}, "×"));
    document.getElementById("notes").append(box);
    setTimeout(() => box.remove(), kind === "bad" ? 12000 : 6000);
}

export function heading(text, ...more) {
    return el("div", {class: "heading"}, el("h1", {}, text), ...more);
}

export function chip(text, kind = "") {
    return el("span", {class: "chip " + kind}, text);
}

// Asks before what can't be undone. Resolves to true or false.
export function confirm(question, doIt) {
    return new Promise((resolve) => {
        const dialog = el("dialog", {class: "ask"},
            el("form", {method: "dialog"},
                el("p", {}, question),
                el("div", {class: "buttons"},
                    el("button", {value: "no", class: "quiet-button"}, "Cancel"),
                    el("button", {value: "yes", class: "danger"}, doIt))));
        dialog.addEventListener("close", () => {
            resolve(dialog.returnValue === "yes");
            dialog.remove();
        });
        document.body.append(dialog);
        dialog.showModal();
    });
}
