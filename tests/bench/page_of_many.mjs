// Uses the page of a node with very many attachments in Chromium, and prints what each step took: milliseconds until the
// rows in sight are there, and the longest that the page was busy meanwhile. usage: page_of_many.mjs PLAYWRIGHT URL COUNT
import {join} from "node:path";

const [playwright, url, count] = process.argv.slice(2);
const {chromium} = await import(join(playwright, "index.mjs"));
const browser = await chromium.launch({executablePath: process.env.CHROMIUM, args: ["--no-sandbox"]});
const page = await browser.newPage({viewport: {width: 1280, height: 800}});
const troubles = [];
page.on("console", (message) => message.type() === "error" && troubles.push(message.text()));
page.on("pageerror", (error) => troubles.push(String(error)));
await page.addInitScript(() => {
    window.busy = [];
    new PerformanceObserver((list) => window.busy.push(...list.getEntries().map((one) => one.duration))).observe({type: "longtask", buffered: true});
});
const all = Number(count).toLocaleString("en");

async function settled() {
    await page.locator("tbody tr[data-index] a").first().waitFor();
    await page.waitForFunction(() => !document.querySelector("tbody tr[data-index] .loading"), null, {polling: "raf"});
}

async function step(name, work) {
    await page.evaluate(() => { window.busy = []; }).catch(() => {});
    const begun = performance.now();
    const facts = await work();
    const took = performance.now() - begun;
    await page.evaluate(() => new Promise((done) => setTimeout(done, 60)));
    const busy = await page.evaluate(() => Math.max(0, ...window.busy));
    console.log(JSON.stringify({step: name, ms: Math.round(took), longest_task_ms: Math.round(busy), ...facts}));
}

await step("open", async () => {
    await page.goto(url);
    await page.getByText(new RegExp(`^${all} attachments`)).waitFor({timeout: 60000});
    await settled();
});
for (const [name, part] of [["to the middle", 0.5], ["to the end", 1], ["to the top", 0]]) {
    await step("scroll " + name, async () => {
        await page.locator(".scroller").evaluate((box, where) => { box.scrollTop = where * box.scrollHeight; }, part);
        await page.evaluate(() => new Promise(requestAnimationFrame));
        await settled();
    });
}
await step("200 turns of the wheel", async () => {
    await page.mouse.move(600, 500);
    for (let turn = 0; turn < 200; turn += 1) await page.mouse.wheel(0, 1500);
    await settled();
});
for (const column of ["Name", "From", "Message", "Size", "Received"]) {
    await step("sort by " + column, async () => {
        const [answer] = await Promise.all([page.waitForResponse((one) => one.url().includes("/api/attachments?")),
            page.locator("thead").getByRole("button", {name: column}).click()]);
        await answer.finished();
        await settled();
    });
}
for (const words of ["invoice", "übersicht week 7", "no such thing"]) {
    await step(`search for “${words}”`, async () => {
        await page.getByRole("searchbox").fill(words);
        await page.getByText(new RegExp(`^[\\d,]+ of ${all}`)).waitFor();
        if (words !== "no such thing") await settled();
        return {summary: await page.locator(".summary").textContent()};
    });
    await page.getByRole("searchbox").fill("");
    await page.getByText(new RegExp(`^${all} attachments`)).waitFor();
}
await step("End key", async () => {
    await page.locator("tbody tr[data-index] a").first().focus();
    await page.keyboard.press("End");
    await page.locator(`tbody tr[data-index="${count - 1}"] a`).waitFor();
});
await step("storage", async () => {
    await page.getByRole("link", {name: "Storage"}).click();
    await page.locator(".plot").waitFor();
});
const session = await page.context().newCDPSession(page);
await session.send("Performance.enable");
const {metrics} = await session.send("Performance.getMetrics");
const of = (name) => metrics.find((one) => one.name === name).value;
console.log(JSON.stringify({step: "memory", heap_mb: Math.round(of("JSHeapUsedSize") / 1e5) / 10, nodes: of("Nodes"), troubles}));
await browser.close();
