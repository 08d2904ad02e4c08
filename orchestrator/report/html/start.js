// Fills the places that the page left for the script.

function legend() {
  const seen = new Map();
  for (const attempt of data.attempts) seen.set(attempt.o, data.letters.attempts[attempt.o]);
  for (const letter of Object.keys(data.letters.tests))
    if (data.tests.some((test) => test.o.includes(letter))) seen.set(letter, data.letters.tests[letter]);
  return el("ul", { class: "legend", "aria-label": "Letters of the grid" }, ...[...seen].map(([letter, words]) =>
    el("li", {}, el("span", { class: "cell", "data-o": letter }, letter === "." ? "·" : letter), " ", words)));
}

function filterTools(view, model) {
  const search = el("input", { type: "search", id: "filter", placeholder: "part of a test’s name" });
  const only = el("input", { type: "checkbox", id: "only" });
  const words = el("span", { class: "quiet", role: "status" });
  const apply = () => {
    const part = search.value.toLowerCase();
    model.filter((test) => (!only.checked || needsAPerson(test)) && test.id.toLowerCase().includes(part));
    words.textContent = `${model.rows - 1} of ${counted(data.tests.length, "test")}`;
    view.layout();
  };
  search.addEventListener("input", apply);
  only.addEventListener("change", apply);
  words.textContent = counted(data.tests.length, "test");
  return el("div", { class: "tools" }, el("label", { for: "filter" }, "Filter"), search,
    data.tests.some(needsAPerson) ? el("label", {}, only, "only those that need attention") : undefined, words);
}

function showGrid() {
  const place = document.getElementById("grid-place");
  const ofTests = data.tests.length > 0;
  document.getElementById("grid-section").hidden = false;
  const cell = matchMedia("(pointer: coarse)").matches ? 30 : 22;
  const perRow = [50, 40, 25, 20, 10].find((count) => place.clientWidth > 150 + count * cell) ?? 5;
  const status = el("p", { class: "grid-status", "aria-hidden": "true" });
  const model = ofTests ? testsModel() : attemptsModel(perRow);
  const view = new GridView(model, status);
  place.append(...(ofTests ? [filterTools(view, model)] : []), legend(), view.element, status,
    el("p", { class: "keys" }, "Move with arrow keys, ", el("kbd", {}, "Home"), " ", el("kbd", {}, "End"), " ",
      el("kbd", {}, "PageUp"), " ", el("kbd", {}, "PageDown"), "; ", el("kbd", {}, "Enter"), " opens."));
  if (data.moreTests > 0)
    place.append(el("p", { class: "rest" }, `${counted(data.moreTests, "further test")} had no room on this page: --json FILE has all.`));
  view.layout();
  addEventListener("resize", () => view.layout());
}

const attemptsAtOnce = 25;

function attemptRow(attempt) {
  const shown = (value) => el("td", { class: "optional" }, value ?? "");
  return el("tr", {}, el("th", { scope: "row" }, String(attempt.i)),
    el("td", {}, el("span", { class: "cell", "data-o": attempt.o, "aria-hidden": "true" }, attempt.o === "." ? "·" : attempt.o),
      attemptWords(attempt)),
    shown(String(attempt.seed)), shown(conditionOf(attempt)), shown(attempt.exit === undefined ? "–" : String(attempt.exit)),
    shown(durationText(attempt.ms)), shown(attempt.memory),
    el("td", {}, el("div", { class: "actions" },
      button("Open", () => openAttempt(attempt.i), { "aria-label": `Open attempt ${attempt.i}` }), copyAttempt(attempt.i))));
}

function showAttempts() {
  document.getElementById("attempts-section").hidden = false;
  const rank = (attempt) => (attempt.out ? 2 : attempt.o === "." ? 1 : 0);
  const attempts = [...data.attempts].sort((a, b) => rank(a) - rank(b) || a.i - b.i);
  const body = el("tbody");
  const titles = [["Attempt"], ["Outcome"], ["Seed", "optional"], ["Condition", "optional"], ["Exit code", "optional"],
    ["Duration", "optional"], ["Peak memory", "optional"], ["Output and command"]];
  const more = button("", () => add());
  let shown = 0;
  const add = () => {
    const from = shown;
    shown = Math.min(attempts.length, shown + attemptsAtOnce * (shown === 0 ? 1 : 4));
    body.append(...attempts.slice(from, shown).map(attemptRow));
    more.hidden = shown === attempts.length;
    more.textContent = `Show more (${attempts.length - shown} left)`;
    if (from > 0) body.rows[from].querySelector("button").focus();
  };
  add();
  document.getElementById("attempts-place").append(
    el("p", { class: "about" }, "Those that did not pass come first. What is long is shortened here; --logs DIR keeps every byte."),
    el("table", { class: "attempts", "aria-labelledby": "attempts" },
      el("thead", {}, el("tr", {}, ...titles.map(([title, kind]) => el("th", { scope: "col", class: kind }, title)))), body), more);
}

// What was written without a script becomes a way into details.
function linkPlaces() {
  for (const place of document.querySelectorAll(".numbers li[data-attempt]"))
    place.replaceChildren(attemptButton(Number(place.dataset.attempt)));
  for (const place of document.querySelectorAll(".test-id[data-test]")) {
    const row = Number(place.dataset.test);
    if (row < data.tests.length) place.replaceChildren(testButton(row));
  }
  document.addEventListener("click", (event) => {
    const pressed = event.target.closest?.("button.copy");
    if (!pressed) return;
    if (pressed.dataset.copyAttempt !== undefined) copy(commandOf(pressed.dataset.copyAttempt));
    else copy(pressed.parentElement.querySelector("code").textContent);
  });
}

function showMenu() {
  const menu = document.getElementById("menu");
  for (const heading of document.querySelectorAll("main h2[id]")) {
    const words = { tests: "Tests", factors: "Factors", together: "Together", failures: "Failures", grid: "Grid",
      attempts: "Attempts", "not-counted": "Not counted", environment: "Environment" }[heading.id];
    if (words) menu.append(el("a", { href: `#${heading.id}` }, words));
  }
}

function showTheme() {
  const themes = ["system", "light", "dark"];
  const toggle = document.getElementById("theme");
  const kept = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const keep = (theme) => { try { localStorage.setItem("theme", theme); } catch { /* a page from a file may have none */ } };
  const set = (theme) => {
    if (theme === "system") delete document.documentElement.dataset.theme; else document.documentElement.dataset.theme = theme;
    toggle.replaceChildren(el("span", { class: "word" }, "Theme: "), theme);
    toggle.setAttribute("aria-label", `Theme: ${theme}`);
    toggle.dataset.next = themes[(themes.indexOf(theme) + 1) % themes.length];
  };
  set(themes.includes(kept()) ? kept() : "system");
  toggle.hidden = false;
  toggle.addEventListener("click", () => {
    keep(toggle.dataset.next);
    set(toggle.dataset.next);
  });
}

showTheme();
linkPlaces();
if (data.attempts.length > 0) {
  showGrid();
  showAttempts();
}
showMenu();
