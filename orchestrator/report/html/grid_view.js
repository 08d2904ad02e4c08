// Draws a grid model: only rows and columns in sight are in the document, and always the one cell that has the
// focus or would get it. Keys move it (arrows, Home, End, PageUp, PageDown, with Ctrl to the corners), Enter opens.
// Row −1 is that of the columns' names, column −1 that of the rows'.
class GridView {
  static margin = 6;  // rows and columns drawn beyond those in sight

  constructor(model, status) {
    this.model = model;
    this.status = status;
    this.at = { row: 0, column: 0 };
    this.rows = new Map();
    this.head = el("div", { class: "grid-head", role: "rowgroup" });
    this.body = el("div", { class: "grid-body", role: "rowgroup" });
    this.element = el("div", { class: "grid", role: "grid", "aria-label": model.label }, this.head, this.body);
    this.element.addEventListener("scroll", () => requestAnimationFrame(() => this.draw()), { passive: true });
    this.element.addEventListener("keydown", (event) => this.onKey(event));
    this.element.addEventListener("click", (event) => this.onClick(event));
    this.element.addEventListener("pointerover", (event) => this.tell(event.target));
    this.element.addEventListener("focusin", (event) => this.tell(event.target));
  }

  // Measures and draws anew: once it is in the document, when it has another width, when the model has other rows.
  layout() {
    const style = getComputedStyle(this.element);
    this.rowHeight = parseInt(style.getPropertyValue("--row"), 10);
    this.columnWidth = parseInt(style.getPropertyValue("--column"), 10);
    const wide = this.element.parentElement.clientWidth;
    this.nameWidth = this.model.bands.length ? Math.round(Math.min(440, Math.max(150, wide * 0.36))) : 130;
    this.element.classList.toggle("narrow", this.model.bands.length > 0 && this.nameWidth < 220);
    this.headRows = this.model.bands.length ? 2 : 1;
    this.width = this.left(this.model.columns - 1) + this.columnWidth + 4;
    this.at.row = Math.min(this.at.row, this.model.rows - 1);
    this.head.style.height = `${this.headRows * this.rowHeight}px`;
    this.body.style.height = `${this.model.rows * this.rowHeight}px`;
    for (const part of [this.head, this.body]) part.style.width = `${this.width}px`;
    this.element.setAttribute("aria-rowcount", this.model.rows + this.headRows);
    this.element.setAttribute("aria-colcount", this.model.columns + 1);
    this.rows.clear();
    this.body.replaceChildren();
    this.head.replaceChildren();
    this.drawBands();
    this.draw();
  }

  // A gap stands between conditions.
  left(column) {
    let gaps = 0, end = 0;
    for (const band of this.model.bands) {
      end += band.attempts.length;
      if (column < end) break;
      gaps += 1;
    }
    return this.nameWidth + 4 + column * this.columnWidth + gaps * 10;
  }

  columnAt(x) {
    let low = 0, high = this.model.columns - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.left(middle) <= x) low = middle; else high = middle - 1;
    }
    return low;
  }

  drawBands() {
    if (this.headRows === 1) return;
    const row = el("div", { class: "row", role: "row", "aria-rowindex": 1 },
      this.nameElement("div", "columnheader", this.model.corner));
    row.style.width = `${this.width}px`;
    let first = 0;
    for (const band of this.model.bands) {
      const last = first + band.attempts.length - 1;
      const words = el("span", {}, `${band.words} (${band.attempts.length})`);
      const header = el("div", { class: "band", role: "columnheader", "aria-colindex": first + 2,
        "aria-colspan": band.attempts.length }, words);
      words.style.left = `${this.nameWidth + 8}px`;
      header.style.left = `${this.left(first) - 4}px`;
      header.style.width = `${this.left(last) + this.columnWidth - this.left(first) + 2}px`;
      header.title = `${band.words}: ${counted(band.attempts.length, "attempt")}`;
      row.append(header);
      first = last + 1;
    }
    this.head.append(row);
  }

  nameElement(tag, role, ...children) {
    const name = el(tag, { class: "row-name", role, "aria-colindex": 1 }, ...children);
    name.style.width = `${this.nameWidth}px`;
    return name;
  }

  window() {
    const { scrollTop, scrollLeft, clientHeight, clientWidth } = this.element;
    const margin = GridView.margin;
    return {
      top: Math.max(0, Math.floor(scrollTop / this.rowHeight) - margin),
      bottom: Math.min(this.model.rows - 1, Math.ceil((scrollTop + clientHeight) / this.rowHeight) + margin),
      left: Math.max(0, this.columnAt(scrollLeft + this.nameWidth) - margin),
      right: Math.min(this.model.columns - 1, this.columnAt(scrollLeft + clientWidth) + margin),
    };
  }

  draw() {
    const sight = this.window();
    const wanted = [-1];
    for (let row = sight.top; row <= sight.bottom; row += 1) wanted.push(row);
    if (!wanted.includes(this.at.row)) wanted.push(this.at.row);
    wanted.sort((a, b) => a - b);
    const keep = new Set(wanted);
    for (const [row, drawn] of this.rows)
      if (!keep.has(row)) {
        drawn.element.remove();
        this.rows.delete(row);
      }
    let next = this.body.firstChild;
    for (const row of wanted) {
      let drawn = this.rows.get(row);
      if (!drawn) {
        drawn = this.makeRow(row);
        if (row === -1) this.head.append(drawn.element); else this.body.insertBefore(drawn.element, next);
      } else if (row !== -1) {
        next = drawn.element.nextSibling;
      }
      this.drawCells(row, drawn, sight);
    }
    this.element.querySelectorAll('[tabindex="0"]').forEach((cell) => cell.setAttribute("tabindex", "-1"));
    this.elementAt(this.at)?.setAttribute("tabindex", "0");
  }

  makeRow(row) {
    const name = row === -1
      ? this.nameElement("div", "columnheader", this.headRows === 1 ? this.model.corner : "Attempt")
      : this.rowName(this.model.rowName(row));
    name.dataset.row = row;
    name.dataset.column = -1;
    name.setAttribute("tabindex", "-1");
    const element = el("div", { class: "row", role: "row", "aria-rowindex": row + 1 + this.headRows }, name);
    element.style.width = `${this.width}px`;
    element.style.top = `${(row === -1 ? this.headRows - 1 : row) * this.rowHeight}px`;
    const drawn = { element, name, cells: new Map() };
    this.rows.set(row, drawn);
    return drawn;
  }

  rowName({ file, name, words, verdict, whole }) {
    const element = this.nameElement("div", "rowheader", el("span", { class: "file" }, file), el("span", { class: "name" }, name));
    element.setAttribute("aria-label", words);
    element.title = words;
    if (verdict) element.dataset.verdict = verdict;
    if (whole) element.classList.add("whole");
    return element;
  }

  drawCells(row, drawn, sight) {
    const wanted = [];
    const pinned = row === this.at.row ? this.at.column : -1;
    if (pinned >= 0 && pinned < sight.left) wanted.push(pinned);
    for (let column = sight.left; column <= sight.right; column += 1) wanted.push(column);
    if (pinned > sight.right) wanted.push(pinned);
    const keep = new Set(wanted);
    for (const [column, cell] of drawn.cells)
      if (!keep.has(column)) {
        cell.remove();
        drawn.cells.delete(column);
      }
    let next = drawn.name.nextSibling;
    for (const column of wanted) {
      const cell = drawn.cells.get(column);
      if (cell) next = cell.nextSibling;
      else drawn.element.insertBefore(this.makeCell(row, column, drawn), next);
    }
  }

  makeCell(row, column, drawn) {
    const element = row === -1 ? this.columnName(column) : this.outcome(this.model.cell(row, column));
    element.setAttribute("aria-colindex", column + 2);
    element.setAttribute("tabindex", "-1");
    element.dataset.row = row;
    element.dataset.column = column;
    element.style.left = `${this.left(column)}px`;
    drawn.cells.set(column, element);
    return element;
  }

  columnName(column) {
    const { text, words } = this.model.columnName(column);
    const element = el("div", { class: "column-name", role: "columnheader", "aria-label": words }, text);
    element.style.width = `${this.columnWidth - 2}px`;
    return element;
  }

  outcome({ letter, words }) {
    return el("div", { class: "cell", role: "gridcell", "data-o": letter, "aria-label": words }, letter === "." ? "·" : letter);
  }

  elementAt({ row, column }) {
    const drawn = this.rows.get(row);
    return column === -1 ? drawn?.name : drawn?.cells.get(column);
  }

  thingAt({ row, column }) {
    if (row === -1) return column === -1 ? { open() {} } : this.model.columnName(column);
    return column === -1 ? this.model.rowName(row) : this.model.cell(row, column);
  }

  placeOf(target) {
    const element = target.closest?.("[data-row]");
    return element && { row: Number(element.dataset.row), column: Number(element.dataset.column) };
  }

  go(place) {
    this.at = { row: Math.max(-1, Math.min(this.model.rows - 1, place.row)),
      column: Math.max(-1, Math.min(this.model.columns - 1, place.column)) };
    this.show(this.at);
    this.draw();
    const cell = this.elementAt(this.at);
    cell?.focus({ preventScroll: true });
    cell?.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });  // the page, where the grid is not in sight
  }

  // Scrolls so far that a cell is not hidden below names or outside.
  show({ row, column }) {
    const { element } = this;
    if (row >= 0) {
      const top = row * this.rowHeight, room = element.clientHeight - (this.headRows + 1) * this.rowHeight;
      element.scrollTop = Math.max(Math.min(element.scrollTop, top), top - room);
    }
    if (column >= 0) {
      const left = this.left(column), room = element.clientWidth - this.columnWidth - 8;
      element.scrollLeft = Math.max(Math.min(element.scrollLeft, left - this.nameWidth - 4), left - room);
    }
  }

  onKey(event) {
    if (event.altKey || event.metaKey) return;
    const { row, column } = this.at;
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.rowHeight) - this.headRows - 1);
    const far = event.ctrlKey;
    const moves = {
      ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
      Home: [far ? -1 : row, -1], End: [far ? this.model.rows - 1 : row, this.model.columns - 1],
      PageUp: [Math.max(0, row - page), column], PageDown: [row + page, column],
    };
    const move = moves[event.key];
    if (move) this.go({ row: move[0], column: move[1] });
    else if (event.key === "Enter" || event.key === " ") this.thingAt(this.at).open();
    else return;
    event.preventDefault();
  }

  onClick(event) {
    const place = this.placeOf(event.target);
    if (!place) return;
    this.go(place);
    this.thingAt(place).open();
  }

  tell(target) {
    const place = this.placeOf(target);
    if (!place || place.row === -1) return;
    const name = this.model.rowName(place.row).words;
    this.status.textContent = place.column === -1 ? name : `${name} — ${this.model.cell(place.row, place.column).words}`;
  }
}
