// Reads pages of reports in a browser and takes pictures of them: run.mjs DRIVER PAGES SHOTS, all folders. Says what is
// wrong and exits with 1.
import { statSync } from "node:fs";
import { Browser, desktop, phone } from "./browser.mjs";
import { focusGrid, focusInSight, here, notReached, tabStops, walkGrid } from "./keyboard.mjs";

const [driver, pages, shots] = process.argv.slice(2);
const file = (name) => `${pages}/${name}.html`;
const browser = await Browser.launch(driver);
const wrong = [];
const note = (where, what) => wrong.push(`${where}: ${what}`);
const expect = (where, condition, what) => { if (!condition) note(where, what); };

async function visit(where, name, options, use) {
  try {
    for (const complaint of await browser.visit(file(name), options, use)) note(where, complaint);
  } catch (error) {
    note(where, error.stack);
  }
}

const withDetails = new Set(["shop", "attempts", "hostile"]);

async function readsWell(name, options, where) {
  await visit(where, name, options, async (page) => {
    for (const violation of await browser.violations(page)) note(where, violation);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(where, wide <= 0, `the page is ${wide} pixels wider than the window`);
    if (!withDetails.has(name)) return;
    await focusGrid(page);
    for (const keys of [["ArrowRight", "ArrowDown", "Enter"], ["Home", "ArrowDown", "Enter"]]) {
      for (const key of keys) await page.keyboard.press(key);
      if (await page.locator("dialog").count() === 0) continue;
      for (const violation of await browser.violations(page)) note(`${where}, details`, violation);
      await page.keyboard.press("Escape");
    }
  });
}

for (const name of ["shop", "hostile", "attempts", "none", "one", "passing", "cancelled"])
  for (const [size, viewport] of [["desktop", desktop], ["phone", phone]])
    for (const colorScheme of ["light", "dark"])
      await readsWell(name, { ...viewport, colorScheme }, `${name}, ${size}, ${colorScheme}`);
await readsWell("huge", { ...desktop, colorScheme: "light" }, "huge");

await visit("theme", "shop", { ...desktop, colorScheme: "light" }, async (page) => {
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await paper();
  await page.locator("#theme").click();
  await page.locator("#theme").click();
  expect("theme", await paper() !== light, "the dark theme looks like the light one");
  expect("theme", await page.locator("#theme").textContent() === "Theme: dark", "the button does not say its theme");
});

for (const name of ["shop", "attempts"]) {
  await visit(`keyboard, ${name}`, name, desktop, async (page) => {
    const where = `keyboard, ${name}`;
    const { wrong: found, cells } = await walkGrid(page);
    for (const each of found) note(where, each);
    console.log(`${name}: ${cells} cells reached by arrow keys`);
    await page.evaluate(() => document.querySelectorAll("details").forEach((each) => { each.open = true; }));
    await page.evaluate(() => document.activeElement.blur());
    const stops = await tabStops(page);
    for (const stop of stops) expect(where, stop.visible, `no focus to be seen on ${stop.label}`);
    for (const each of await notReached(page, "body")) note(where, `Tab does not reach ${each}`);
    console.log(`${name}: ${stops.length} stops of Tab`);
  });
}

await visit("details", "shop", desktop, async (page) => {
  await focusGrid(page);
  for (const key of ["ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight"]) await page.keyboard.press(key);
  const cell = await here(page);
  await page.keyboard.press("Enter");
  expect("details", (await here(page)).inDialog, "Enter on a cell does not lead into its details");
  expect("details", (await page.locator("dialog h2").textContent()).startsWith("Attempt "), "no attempt");
  await tabStops(page);
  for (const each of await notReached(page, "dialog")) note("details", `Tab does not reach ${each}`);
  await page.keyboard.press("Escape");
  expect("details", (await here(page)).id === cell.id, "Escape does not lead back to the cell");
});

// One cell of each row, further to the right each time: names of tests, attempts, and what they printed.
for (const name of ["shop", "attempts"])
  await visit(`every row's details, ${name}`, name, desktop, async (page, context) => {
    const where = `every row's details, ${name}`;
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const rows = await page.evaluate(() => Number(document.querySelector(".grid").ariaRowCount) - document.querySelectorAll(".grid-head .row").length);
    let logs = 0, copies = 0;
    for (let row = -1; row < rows; row += 1) {
      await focusGrid(page);
      for (let i = -1; i < row; i += 1) await page.keyboard.press("ArrowDown");
      for (let i = -1; i < row; i += 1) await page.keyboard.press("ArrowRight");
      await page.keyboard.press("Enter");
      if (await page.locator("dialog").count() === 0) continue;
      await page.evaluate(() => document.querySelectorAll("[data-walked]").forEach((each) => { delete each.dataset.walked; }));
      await tabStops(page);
      for (const each of await notReached(page, "dialog")) note(where, `Tab does not reach ${each} of row ${row}`);
      logs += await page.locator("dialog pre").count();
      const buttons = page.locator("dialog button.copy");
      for (let i = 0; i < await buttons.count(); i += 1) {
        await buttons.nth(i).focus();
        await page.keyboard.press("Enter");
        await page.waitForFunction(() => document.querySelector("dialog .said").textContent === "Copied");
        const text = await page.evaluate(() => navigator.clipboard.readText());
        expect(where, text.startsWith("orchestrator run "), `copied ${text} in row ${row}`);
        await page.evaluate(async () => { document.querySelector("dialog .said").textContent = ""; await navigator.clipboard.writeText(""); });
        copies += 1;
      }
      await page.keyboard.press("Escape");
    }
    expect(where, logs >= rows && copies >= rows, `only ${logs} logs and ${copies} buttons that copy`);
    console.log(`${name}: details of ${rows} rows, ${logs} logs, ${copies} buttons that copy`);
  });

await visit("copy", "shop", desktop, async (page, context) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const buttons = page.locator("main button.copy");
  const count = await buttons.count();
  for (let i = 0; i < count; i += 1) {
    const pressed = buttons.nth(i);
    await pressed.evaluate((element) => { element.closest("details")?.setAttribute("open", ""); element.focus(); });
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.getElementById("said").textContent === "Copied");
    const text = await page.evaluate(() => navigator.clipboard.readText());
    const attempt = await pressed.getAttribute("data-copy-attempt");
    const wanted = attempt === null ? await pressed.evaluate((element) => element.parentElement.querySelector("code").textContent)
      : `--only-attempt ${attempt} --`;
    expect("copy", text.startsWith("orchestrator run ") && text.includes(wanted), `copied ${text} instead of ${wanted}`);
    await page.evaluate(async () => { document.getElementById("said").textContent = ""; await navigator.clipboard.writeText(""); });
  }
  expect("copy", count > 20, `only ${count} buttons that copy`);
  console.log(`shop: ${count} buttons copied their commands`);
});

await visit("hostile", "hostile", desktop, async (page) => {
  await focusGrid(page);
  for (const key of ["ArrowDown", "ArrowDown", "ArrowRight", "Enter"]) await page.keyboard.press(key);
  expect("hostile", await page.locator("dialog").count() === 1, "no details");
  expect("hostile", await page.evaluate(() => globalThis.broken) === undefined, "a text of the repository was run");
  expect("hostile", await page.evaluate(() => document.querySelectorAll("img, b, main script").length) === 0, "a text became an element");
  expect("hostile", (await page.locator("main").textContent()).includes("</script><script>window.broken=1"), "the text is not shown");
});

await visit("filter", "huge", desktop, async (page) => {
  await page.locator("#filter").fill("number_1990");
  await focusGrid(page);
  await page.keyboard.press("Control+End");
  expect("filter", (await here(page)).row === "1", "the filter leaves other tests");
});

await visit("no script", "shop", { ...desktop, javaScriptEnabled: false }, async (page) => {
  const text = await page.locator("main").innerText();
  for (const part of ["tests need attention", "test_old_api", "order-dependent", "need this page’s own script", "Limits of an attempt"])
    expect("no script", text.includes(part), `does not say “${part}”`);
});

await visit("huge, keyboard", "huge", desktop, async (page) => {
  const where = "huge, keyboard";
  await focusGrid(page);
  const rows = new Set();
  for (let i = 0; i < 400; i += 1) {
    const cell = await here(page);
    expect(where, await focusInSight(page), `the focus is not in sight at row ${cell.row}`);
    if (rows.has(cell.row)) break;
    rows.add(cell.row);
    await page.keyboard.press("PageDown");
  }
  expect(where, rows.has("2000"), `PageDown ends at ${[...rows].at(-1)}`);
  await page.keyboard.press("Control+End");
  const last = await here(page);
  expect(where, last.row === "2000" && last.column === "999", `Ctrl+End leads to ${last.row}/${last.column}`);
  expect(where, await focusInSight(page), "the last cell is not in sight");
  await page.keyboard.press("Enter");
  expect(where, (await here(page)).inDialog, "Enter does not open the last cell");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+Home");
  expect(where, (await here(page)).row === "-1", "Ctrl+Home does not lead to the corner");
  const elements = await page.evaluate(() => document.querySelectorAll(".grid *").length);
  expect(where, elements < 10000, `${elements} elements are drawn`);
});

const mostBytes = 12_000_000, mostPaint = 2000;
const bytes = statSync(file("huge")).size;
expect("huge", bytes <= mostBytes, `${bytes} bytes`);
const paints = [], ready = [];
for (let i = 0; i < 3; i += 1)
  await visit("huge", "huge", desktop, async (page) => {
    const [paint, loaded] = await page.evaluate(() => [
      performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
      performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd]);
    paints.push(paint ?? Infinity);
    ready.push(loaded);
  });
// The best of three: a busy machine is not the page's fault.
expect("huge", Math.min(...paints) <= mostPaint, `first paint after ${paints.join(", ")} ms`);
const rounded = (list) => list.map((each) => Math.round(each)).join(", ");
console.log(`huge: ${bytes} bytes; first paint after ${rounded(paints)} ms, grid drawn after ${rounded(ready)} ms`);

// For people: what no rule above sees.
const shot = (name, as, options, prepare = async () => {}, fullPage = true) => visit(as, name, options, async (page) => {
  await prepare(page);
  await page.screenshot({ path: `${shots}/${as}.png`, fullPage });
});
const toGrid = (page) => page.evaluate(() => document.getElementById("grid").scrollIntoView({ behavior: "instant" }));
await shot("shop", "desktop-light", { ...desktop, colorScheme: "light" });
await shot("shop", "desktop-dark", { ...desktop, colorScheme: "dark" });
await shot("shop", "phone", { ...phone, colorScheme: "light" });
await shot("huge", "huge", { ...desktop, colorScheme: "light" }, toGrid, false);
await shot("attempts", "attempts", { ...desktop, colorScheme: "light" });
await shot("hostile", "hostile", { ...phone, colorScheme: "dark" });
await shot("passing", "passing", { ...desktop, colorScheme: "light" });
await shot("shop", "details", { ...desktop, colorScheme: "light" }, async (page) => {
  await focusGrid(page);
  for (const key of ["ArrowDown", "ArrowDown", "ArrowRight", "Enter"]) await page.keyboard.press(key);
}, false);

await browser.close();
for (const each of wrong) console.error(each);
console.log(wrong.length === 0 ? "every page reads well" : `${wrong.length} things are wrong`);
process.exit(wrong.length === 0 ? 0 : 1);
