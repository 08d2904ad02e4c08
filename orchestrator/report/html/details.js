// What is known of one attempt or one test, in a dialog.

const blockOf = (index) => JSON.parse(document.getElementById(`attempt-${index}`).textContent);
const attemptButton = (index, words = String(index)) =>
  button(words, () => openAttempt(index), { "aria-label": `Attempt ${index}` });

function openDialog(title, content, titleClass) {
  document.querySelector("dialog[open]")?.close();
  const dialog = el("dialog", { "aria-labelledby": "dialog-title" },
    el("div", { class: "bar" }, el("h2", { id: "dialog-title", class: titleClass }, ...(titleClass ? breakable(title) : [title])),
      el("span", { class: "said quiet", role: "status" }), button("Close", () => dialog.close())),
    el("div", { class: "content" }, ...content));
  const opener = document.activeElement;
  dialog.addEventListener("close", () => {
    dialog.remove();
    opener?.focus({ preventScroll: true });
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
}

// Those of this attempt, that which was asked for first. Of a hopeless attempt only the worst are listed.
const mostFailures = 50;
function failedTests(attempt, first) {
  const rows = [];
  for (let row = 0; row < data.tests.length; row += 1)
    if (didNotPass(letterOf(data.tests[row], attempt))) rows.push(row);
  return [...rows.filter((row) => row === first), ...rows.filter((row) => row !== first)];
}

function failureOf(row, attempt, block) {
  const test = data.tests[row];
  const kept = (block.failures ?? []).filter((failure) => failure.t === row && (failure.x ?? failure.m));
  return el("div", { class: "failure" },
    testButton(row),
    el("p", { class: "counts" }, testWords(letterOf(test, attempt))),
    ...kept.map((failure) => log(
      `Failure of ${test.id}${failure.r ? `, time ${failure.r}` : ""}`, failure.x ?? failure.m)));
}

function list(title, lines) {
  return lines ? [el("h3", {}, title), el("ul", { class: "warnings" }, ...lines.map((line) => el("li", {}, line)))] : [];
}

function output(stream, text) {
  return [el("h3", {}, stream), text === "" ? el("p", { class: "quiet" }, "It printed nothing here.") : log(stream, text)];
}

function openAttempt(index, row) {
  const attempt = attemptAt.get(index), block = blockOf(index), failed = failedTests(attempt, row);
  const asked = row === undefined ? undefined : data.tests[row];
  openDialog(`Attempt ${index}: ${attemptWords(attempt)}`, [
    asked && !failed.includes(row)
      ? el("p", { class: "sentence" }, testButton(row),
        ` here: ${testWords(letterOf(asked, attempt))}`)
      : undefined,
    facts([["Seed", attempt.seed], ["Condition", conditionOf(attempt)], ["Exit code", attempt.exit],
      ["Signal", attempt.signal], ["Duration", durationText(attempt.ms)],
      ["CPU time", attempt.cpu === undefined ? undefined : durationText(attempt.cpu)],
      ["Peak memory", attempt.memory], ["Started", attempt.at], ["Reason", attempt.why],
      ["Counted", attempt.out ? "no: it is no evidence" : undefined]]),
    commandBox(`Run attempt ${index} again`, commandOf(index)),
    ...(failed.length ? [el("h3", {}, counted(failed.length, "test") + " did not pass here")] : []),
    ...failed.slice(0, mostFailures).map((each) => failureOf(each, attempt, block)),
    failed.length > mostFailures ? el("p", { class: "rest" }, `and ${failed.length - mostFailures} more`) : undefined,
    ...list("Signs of the sandbox", block.hints), ...list("Notes", block.notes), ...list("Earlier tries", block.tries),
    ...output("stdout", block.stdout), ...output("stderr", block.stderr),
  ]);
}

const countColumns = ["passed", "failed", "error", "timed out", "out of memory", "crashed", "skipped", "not run",
  "failed on repeat only", "passed when run again"];

function countsTable(test) {
  const shown = countColumns.map((name, i) => [name, i + 1])
    .filter(([, i]) => i < 3 || test.counts.some((counts) => counts[i] > 0));
  return el("table", { class: "plain" },
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Condition"),
      ...shown.map(([name]) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, ...test.counts.map((counts) => el("tr", {},
      el("th", { scope: "row" }, data.conditions[counts[0]]), ...shown.map(([, i]) => el("td", {}, String(counts[i])))))));
}

function timesOf(test) {
  if (!test.times) return [];
  const [median, low, high, notPassed, slow] = test.times.map((each) => (typeof each === "number" ? each * 1000 : each));
  return [["Median duration", durationText(median)], ["Middle 90 %", `${durationText(low)} – ${durationText(high)}`],
    ["When it did not pass", notPassed > 0 ? durationText(notPassed) + (slow ? ": slower than when it passes" : "") : undefined]];
}

// Attempts in which it did not pass, by how it ended there.
const mostAttempts = 200;
function waysOf(test, row) {
  const ways = new Map();
  for (const attempt of data.attempts) {
    const letter = letterOf(test, attempt);
    if (didNotPass(letter)) ways.set(letter, [...(ways.get(letter) ?? []), attempt.i]);
  }
  return [...ways].flatMap(([letter, attempts]) => [
    el("h3", {}, `${testWords(letter)} in ${counted(attempts.length, "attempt")}`),
    el("ul", { class: "numbers" }, ...attempts.slice(0, mostAttempts).map((index) =>
      el("li", {}, button(String(index), () => openAttempt(index, row), { "aria-label": `Attempt ${index}` })))),
    attempts.length > mostAttempts ? el("p", { class: "rest" }, `and ${attempts.length - mostAttempts} more`) : undefined]);
}

function openTest(row) {
  const test = data.tests[row];
  openDialog(test.id, [
    el("p", { class: "sentence" }, el("span", { class: "badge", "data-verdict": test.v }, verdictWords[test.v]),
      test.words ? ` Failure rate ${test.words}` : "", test.severity ? ` · ${test.severity}` : ""),
    el("h3", {}, "In each condition"), countsTable(test),
    facts(timesOf(test)),
    test.again === undefined ? undefined : commandBox(`See it fail again: attempt ${test.again}`, commandOf(test.again)),
    ...waysOf(test, row),
  ], "test-id");
}
