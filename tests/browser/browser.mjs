// A headless Chromium and pages in it that are watched: whatever a page complains about or asks for is kept.
import { createRequire } from "node:module";
import { execFileSync } from "node:child_process";
import { pathToFileURL } from "node:url";

const patience = 180_000;  // ms, on a machine that does much else
export const desktop = { viewport: { width: 1280, height: 900 } };
export const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

export class Browser {
  // `driver` is the folder whose node_modules hold playwright-core and axe-core.
  static async launch(driver) {
    const require = createRequire(pathToFileURL(`${driver}/package.json`));
    const { chromium } = require("playwright-core");
    const program = execFileSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" }).trim();
    const browser = await chromium.launch({
      executablePath: program,
      timeout: patience,
      args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
    return new Browser(browser, require("axe-core").source);
  }

  constructor(browser, axe) {
    this.browser = browser;
    this.axe = axe;
  }

  close() { return this.browser.close(); }

  // Opens a file; `use` gets the page. What went wrong beside is returned, a line each.
  async visit(file, options, use) {
    const context = await this.browser.newContext({ ...options, acceptDownloads: false });
    context.setDefaultTimeout(patience);
    const page = await context.newPage();
    const complaints = [];
    const url = pathToFileURL(file).href;
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(`console ${message.type()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
    page.on("request", (request) => {
      if (request.url() !== url && !request.url().startsWith("data:")) complaints.push(`request: ${request.url()}`);
    });
    try {
      await page.goto(url, { waitUntil: "load" });
      await use(page, context);
    } finally {
      await context.close();
    }
    return complaints;
  }

  // What axe finds, a line each.
  async violations(page) {
    await page.evaluate(this.axe);
    const found = await page.evaluate(async () => (await globalThis.axe.run(document)).violations.map((violation) => ({
      id: violation.id, help: violation.help,
      nodes: violation.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} ${node.any.map((each) => each.message).join(" ").slice(0, 300)}`),
    })));
    return found.map((each) => `axe ${each.id}: ${each.help}\n    ${each.nodes.join("\n    ")}`);
  }
}
