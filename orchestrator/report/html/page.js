// The page's script. It is one module made of several files, in the order of assets.cpp. It shows data that the
// repository under test has made: texts enter the page by textContent alone.
//
// The data: `conditions` in words; `letters` of outcomes in words; `command` before and behind an
// attempt's number, or one for all;
// `attempts` {i: index, seed, o: letter, ms, and where not usual c: condition, out: not counted, exit, signal,
// cpu, memory, at, why}; `columns`: the attempts that the letters of tests stand for; `tests`, the worst first,
// {id, v: verdict, rate: [rate, low, high], words, counts by condition, times, again: an attempt, o: letters}.
const data = JSON.parse(document.getElementById("data").textContent);
const attemptAt = new Map(data.attempts.map((attempt) => [attempt.i, attempt]));
const columnOf = new Map(data.columns.map((attempt, column) => [attempt, column]));

const verdictWords = {
  flaky: "flaky", order_dependent: "order-dependent", repeat_dependent: "repeat-dependent",
  failing: "failing", not_shown_flaky: "not shown flaky", not_run: "never ran",
};
const needsAPerson = (test) => test.v !== "not_shown_flaky" && test.v !== "not_run";
const conditionOf = (attempt) => data.conditions[attempt.c ?? 0];
const attemptWords = (attempt) => data.letters.attempts[attempt.o];
const letterOf = (test, attempt) => test.o[columnOf.get(attempt.i)] ?? "";
const testWords = (letter) => (letter === "" ? "not counted" : data.letters.tests[letter]);
const didNotPass = (letter) => letter !== "" && !" .s".includes(letter);
const commandOf = (index) => (data.command.length === 1 ? data.command[0] : data.command[0] + index + data.command[1]);
const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

function durationText(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60000)}:${String(Math.floor(ms / 1000) % 60).padStart(2, "0")}`;
}

// An element; `attributes` may hold a function for "click". Children that are texts stay texts.
function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

const button = (words, click, attributes = {}) =>
  el("button", { type: "button", click, ...attributes }, ...(Array.isArray(words) ? words : [words]));

// An id that may be long: it breaks behind the signs that divide it, as those that came without a script do.
const breakable = (id) => id.split(/(?<=[/:_[,])/).flatMap((part) => [part, el("wbr")]);
const testButton = (row) => button(breakable(data.tests[row].id), () => openTest(row), { class: "link test-id" });
const log = (label, text) => el("pre", { class: "log", tabindex: "0", role: "group", "aria-label": label }, text);

function say(words) {
  const place = document.querySelector("dialog[open] .said") ?? document.getElementById("said");
  place.textContent = words;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { place.textContent = ""; }, 4000);
}

// Pages from a file have no clipboard in some browsers: then what is selected is copied.
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return say("Copied");
  } catch {
    const area = el("textarea", { readonly: true, "aria-label": "Text to copy" });
    const before = document.activeElement;
    area.value = text;
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    before?.focus();
    return say(done ? "Copied" : "This browser does not let a page copy: select the command instead");
  }
}

const copyAttempt = (index) =>
  button("Copy command", undefined, { class: "copy", "data-copy-attempt": index, "aria-label": `Copy command of attempt ${index}` });

function commandBox(label, command) {
  return el("div", { class: "command" }, el("span", { class: "label" }, label),
    el("code", { tabindex: "0", role: "group", "aria-label": label }, command),
    button("Copy", undefined, { class: "copy", "data-copy-beside": true, "aria-label": `Copy the command: ${label}` }));
}

function facts(pairs) {
  return el("dl", { class: "facts" }, ...pairs.filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, String(value)))));
}
