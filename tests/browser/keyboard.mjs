// Walks over a page by keyboard alone, as somebody without a mouse does.

const here = (page) => page.evaluate(() => {
  const element = document.activeElement;
  const style = getComputedStyle(element);
  return {
    id: (element.dataset.walked ??= String((globalThis.walked = (globalThis.walked ?? 0) + 1))),
    body: element === document.body,
    inGrid: element.closest(".grid") !== null,
    inDialog: element.closest("dialog") !== null,
    row: element.dataset.row, column: element.dataset.column,
    label: element.getAttribute("aria-label") ?? element.textContent,
    visible: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
  };
});

// Presses Tab until the focus has come round, past the page's end; returns what had it.
export async function tabStops(page) {
  const stops = [];
  const seen = new Set();
  for (let i = 0; i < 2000; i += 1) {
    await page.keyboard.press("Tab");
    const stop = await here(page);
    if (stop.body) continue;
    if (seen.has(stop.id)) break;
    seen.add(stop.id);
    stops.push(stop);
  }
  return stops;
}

// Of everything that can be used in sight, what Tab did not reach. Cells of the grid are reached by arrows.
export const notReached = (page, root) => page.evaluate((selector) =>
  [...document.querySelector(selector).querySelectorAll("a[href], button, input, summary, pre, [tabindex]")]
    .filter((element) => !element.closest(".grid") && element.checkVisibility() && element.dataset.walked === undefined)
    .map((element) => element.outerHTML.slice(0, 120)), root);

export async function focusGrid(page) {
  await page.evaluate(() => document.querySelector('.grid [tabindex="0"]').focus());
  await page.keyboard.press("Control+Home");
  return here(page);
}

// Goes through every cell, names of rows and columns included; returns what is wrong.
export async function walkGrid(page) {
  const wrong = [];
  const { rows, columns } = await page.evaluate(() => {
    const grid = document.querySelector(".grid");
    return { rows: Number(grid.ariaRowCount) - grid.querySelectorAll(".grid-head .row").length, columns: Number(grid.ariaColCount) - 1 };
  });
  await focusGrid(page);
  for (let row = -1; row < rows; row += 1) {
    for (let column = -1; column < columns; column += 1) {
      const cell = await here(page);
      if (Number(cell.row) !== row || Number(cell.column) !== column) wrong.push(`at ${cell.row}/${cell.column} instead of ${row}/${column}`);
      if (!cell.visible) wrong.push(`no focus to be seen at ${row}/${column}`);
      if (!cell.label.trim()) wrong.push(`no words for ${row}/${column}`);
      if (wrong.length > 5) return { wrong, cells: 0 };
      await page.keyboard.press("ArrowRight");
    }
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Home");
  }
  return { wrong, cells: (rows + 1) * (columns + 1) };
}

// Is the cell with the focus in sight, not below the names?
export const focusInSight = (page) => page.evaluate(() => {
  const cell = document.activeElement.getBoundingClientRect();
  const x = cell.x + cell.width / 2, y = cell.y + cell.height / 2;
  const top = document.elementFromPoint(x, y);
  return top === document.activeElement || document.activeElement.contains(top);
});

export { here };
