// Drives Chromium through the page of a node, step by step: each step is told on stdout, and gone on with at a line
// on stdin. usage: page_in_browser.mjs PLAYWRIGHT URL FOLDER
import {createInterface} from "node:readline";
import {join} from "node:path";

const [playwright, url, folder] = process.argv.slice(2);
const {chromium} = await import(join(playwright, "index.mjs"));
const lines = createInterface({input: process.stdin})[Symbol.asyncIterator]();

async function step(name, facts = {}) {
    console.log(JSON.stringify({step: name, ...facts}));
    return (await lines.next()).value;
}

const browser = await chromium.launch({executablePath: process.env.CHROMIUM, args: ["--no-sandbox"]});
const context = await browser.newContext({viewport: {width: 1280, height: 800}, acceptDownloads: true, colorScheme: "light"});
const page = await context.newPage();
const troubles = [];
page.on("console", (message) => message.type() === "error" && troubles.push(message.text()));
page.on("pageerror", (error) => troubles.push(String(error)));
page.on("response", (response) => response.status() >= 400 && troubles.push(`${response.status()}: ${response.request().method()} ${response.url()}`));
// Chromium's own viewer of PDF is an extension, made of the browser's resources.
const allowed = [new URL(url).origin + "/", "blob:", "chrome-extension:", "chrome://resources/"];
page.on("request", (request) => allowed.some((start) => request.url().startsWith(start)) || troubles.push("asked elsewhere: " + request.url()));
const shot = (name) => page.screenshot({path: join(folder, name + ".png")});

// The page's policy lets nobody evaluate texts, so this asks from outside.
async function pictureShown() {
    const image = page.locator(".preview img");
    await image.waitFor();
    await image.evaluate((one) => one.decode());
}

let loads = 0;
page.on("load", () => { loads += 1; });

await page.goto(url);
await page.getByText("Nothing here yet").waitFor();
if (page.url().includes("token")) throw new Error("the token stays in the address");
await step("empty", {url: page.url()});
const row = (name) => page.getByRole("link", {name});
await row("sunset at the lake.png").waitFor({timeout: 60000});
await step("arrived", {loads, rows: await page.locator("tbody tr[data-index]").count()});
await shot("list-light");
await row("sunset at the lake.png").click();
await page.locator(".preview img").waitFor();
await pictureShown();
await shot("preview-light");
const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", {name: "Download"}).click()]);
await step("downloaded", {file: await download.path(), name: download.suggestedFilename()});
await page.keyboard.press("Escape");
await page.locator("dialog").waitFor({state: "detached"});
await row("notes.html").click();
await page.locator(".preview pre").waitFor();
await step("text", {text: await page.locator(".preview pre").textContent(), marked: await page.evaluate(() => window.marked ?? null)});
await page.keyboard.press("Escape");
const isViewer = (frame) => frame.url().startsWith("chrome-extension:");
const [viewer] = await Promise.all([page.waitForEvent("framenavigated", isViewer), row("minutes.pdf").click()]);
// It counts pages when it has read the file.
await viewer.locator("#pagelength", {hasText: "1"}).waitFor();
await step("pdf");
await shot("pdf-light");
await page.locator("dialog .close").click();
await page.locator("dialog").waitFor({state: "detached"});
// By keyboard alone.
await page.keyboard.press("/");
await page.keyboard.type("LAKE");
await page.getByText("1 of 3 attachments").waitFor();
await page.getByRole("searchbox").fill("");
await page.getByText("3 attachments", {exact: true}).waitFor();
// Whoever closes one is back at its row, also where the list was made anew meanwhile.
const focused = () => page.evaluate(() => document.activeElement.textContent);
await row("notes.html").focus();
await page.keyboard.press("Enter");
await page.getByRole("dialog", {name: "notes.html"}).waitFor();
await page.setViewportSize({width: 1280, height: 790});
await page.keyboard.press("Escape");
await page.locator("dialog").waitFor({state: "detached"});
if (!(await focused()).includes("notes.html")) throw new Error("the focus is lost: " + await focused());
for (const part of ["Transfers", "Storage", "Sent", "Health"]) {
    await page.getByRole("link", {name: part}).click();
    await page.getByRole("heading", {name: part, level: 1}).waitFor();
    if (part === "Health") await page.locator(".finding").first().waitFor({timeout: 60000});
    if (part === "Storage") await page.locator(".plot").waitFor();
    await shot(part.toLowerCase() + "-light");
}
await page.emulateMedia({colorScheme: "dark"});
await page.getByRole("link", {name: "Storage"}).click();
await page.locator(".plot").waitFor();
await shot("storage-dark");
await page.getByRole("link", {name: "Attachments"}).click();
await row("sunset at the lake.png").waitFor();
await shot("list-dark");
await row("sunset at the lake.png").click();
await pictureShown();
await shot("preview-dark");
await page.keyboard.press("Escape");
await page.setViewportSize({width: 390, height: 780});
await page.emulateMedia({colorScheme: "light"});
await shot("list-phone");
const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
// No heads to press there.
const first = () => page.locator("tbody tr[data-index] a").first();
await page.getByRole("combobox", {name: "Sort by"}).selectOption("Smallest first");
await first().filter({hasText: "minutes.pdf"}).waitFor();
await page.getByRole("combobox", {name: "Sort by"}).selectOption("Name, Z to A");
await first().filter({hasText: "sunset"}).waitFor();
await page.evaluate(() => { location.hash = "#/health"; });
await page.getByRole("heading", {name: "Health", level: 1}).waitFor();
const current = await page.locator("nav a[aria-current]").boundingBox();
if (current.x < 0 || current.x + current.width > 390) throw new Error("the part's name is out of sight");
await page.getByRole("link", {name: "Attachments"}).click();
await row("sunset at the lake.png").click();
await pictureShown();
await shot("preview-phone");
await page.getByRole("button", {name: "Delete"}).click();
await page.locator("dialog.ask").getByRole("button", {name: "Delete"}).click();
await page.getByText("2 attachments", {exact: true}).waitFor();
await step("deleted", {wide, troubles});
await browser.close();
process.stdin.destroy();
