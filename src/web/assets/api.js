// Requests to the node. A session has two halves: a cookie that no script sees, and a key that is kept here and
// belongs to this very address and port.

const KEY = "satchel-key";
let lock = () => {};

export function onLocked(handler) {
    lock = handler;
}

export const hasKey = () => localStorage.getItem(KEY) !== null;

export class Failure extends Error {
    constructor(status, error) {
        super(error.message ?? "The node did not answer.");
        this.status = status;
        this.fault = error.fault ?? "unavailable";
    }
}

async function request(path, options = {}) {
    let answer;
    try {
        answer = await fetch(path, {cache: "no-store", credentials: "same-origin", ...options,
            headers: {...options.headers, "X-Satchel-Key": localStorage.getItem(KEY) ?? ""}});
    } catch {
        throw new Failure(0, {fault: "unavailable", message: "Your node does not answer. Does it still run?"});
    }
    if (answer.ok) return answer;
    const body = await answer.json().catch(() => ({}));
    if (answer.status === 401) lock();
    throw new Failure(answer.status, body.error ?? {});
}

export async function get(path) {
    return (await request(path)).json();
}

export async function post(path, body = {}) {
    return (await request(path, {method: "POST", headers: {"Content-Type": "application/json"},
        body: JSON.stringify(body)})).json();
}

export async function logIn(token) {
    const {key} = await post("api/session", {token});
    localStorage.setItem(KEY, key);
}

export async function logOut() {
    await post("api/logout").catch(() => {});
    localStorage.removeItem(KEY);
    lock();
}

// What the node tells while this page is open (server-sent events). Read by hand, as EventSource sends no key.
export async function listen(take, lost) {
    for (;;) {
        try {
            const answer = await request("api/events");
            await readEvents(answer.body.pipeThrough(new TextDecoderStream()).getReader(), take);
        } catch (failure) {
            if (failure.status === 401) return;
        }
        lost();
        await new Promise((resolve) => setTimeout(resolve, 2000));
    }
}

async function readEvents(reader, take) {
    let text = "";
    for (;;) {
        const {value, done} = await reader.read();
        if (done) return;
        text += value;
        const events = text.split("\n\n");
        text = events.pop();
        for (const event of events) {
            if (event.startsWith("data: ")) take(JSON.parse(event.slice(6)));
        }
    }
}
