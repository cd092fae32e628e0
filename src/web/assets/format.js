// Numbers and times as people read them.

const UNITS = ["B", "KB", "MB", "GB", "TB", "PB"];

export function size(bytes) {
    let unit = 0;
    let value = bytes;
    while (value >= 999.5 && unit < UNITS.length - 1) {
        value /= 1000;
        unit += 1;
    }
    return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

export function count(number, one, many = one + "s") {
    return `${number.toLocaleString()} ${number === 1 ? one : many}`;
}

const day = new Intl.DateTimeFormat(undefined, {day: "numeric", month: "short"});
const full = new Intl.DateTimeFormat(undefined, {day: "numeric", month: "short", year: "numeric"});
const clock = new Intl.DateTimeFormat(undefined, {hour: "2-digit", minute: "2-digit"});
const exact = new Intl.DateTimeFormat(undefined, {dateStyle: "full", timeStyle: "medium"});

export function date(seconds) {
    const then = new Date(seconds * 1000);
    const now = new Date();
    if (then.toDateString() === now.toDateString()) return clock.format(then);
    return (then.getFullYear() === now.getFullYear() ? day : full).format(then);
}

export function exactDate(seconds) {
    return exact.format(new Date(seconds * 1000));
}

export function span(seconds) {
    if (seconds < 90) return count(Math.max(0, Math.round(seconds)), "second");
    if (seconds < 90 * 60) return count(Math.round(seconds / 60), "minute");
    if (seconds < 36 * 3600) return count(Math.round(seconds / 3600), "hour");
    return count(Math.round(seconds / 86400), "day");
}

// As people say it; what is not here is told as it is.
const ROUTES = {inline: "in one go", direct: "directly", pull: "fetched by the receiver", relay: "by way of a gateway", swarm: "in a swarm", fetched: "fetched from here"};

export function route(word) {
    return ROUTES[word] ?? word;
}
