// What the grid shows, without saying how: rows of cells, each a letter with words for it and something to open.
// Two of them: a row for each test and a column for each attempt; or, where tests are not told apart, all
// attempts in rows of equal length.

// Attempts of one condition stand together: rates are theirs, too.
function attemptsByCondition() {
  const bands = data.conditions.map((words, condition) => ({
    words, attempts: data.attempts.filter((attempt) => (attempt.c ?? 0) === condition),
  }));
  return bands.filter((band) => band.attempts.length > 0);
}

// "tests/test_a.py::" and "test_x": the end of an id is what tells tests apart.
function idParts(id) {
  const cut = id.lastIndexOf("::", id.includes("[") ? id.indexOf("[") : id.length);
  return cut < 0 ? { file: "", name: id } : { file: id.slice(0, cut + 2), name: id.slice(cut + 2) };
}

function testsModel() {
  const bands = attemptsByCondition();
  const columns = bands.flatMap((band) => band.attempts);
  const everyRow = data.tests.map((test, row) => row);
  const commandCell = (attempt) => ({
    letter: attempt.o, words: `attempt ${attempt.i}: ${attemptWords(attempt)}`, open: () => openAttempt(attempt.i),
  });
  const testCell = (row, attempt) => {
    const letter = letterOf(data.tests[row], attempt);
    return { letter: letter === "" ? " " : letter, words: `attempt ${attempt.i}: ${attempt.out ? "not counted" : testWords(letter)}`,
      open: () => openAttempt(attempt.i, row) };
  };
  return {
    label: "Outcome of every test in every attempt", corner: "Test", bands, columns: columns.length, rows: data.tests.length + 1,
    shown: everyRow,
    filter(keep) {
      this.shown = everyRow.filter((row) => keep(data.tests[row]));
      this.rows = this.shown.length + 1;
    },
    columnName: (column) => ({ text: String(columns[column].i), words: `attempt ${columns[column].i}`,
      open: () => openAttempt(columns[column].i) }),
    rowName(row) {
      if (row === 0) return { file: "", name: "The whole command", words: "The whole command", whole: true, open() {} };
      const test = data.tests[this.shown[row - 1]];
      return { ...idParts(test.id), words: `${test.id}, ${verdictWords[test.v]}`, verdict: test.v,
        open: () => openTest(this.shown[row - 1]) };
    },
    cell(row, column) {
      return row === 0 ? commandCell(columns[column]) : testCell(this.shown[row - 1], columns[column]);
    },
  };
}

function attemptsModel(perRow) {
  const lines = attemptsByCondition().flatMap((band) => {
    const rows = [];
    for (let i = 0; i < band.attempts.length; i += perRow)
      rows.push({ words: band.words, attempts: band.attempts.slice(i, i + perRow) });
    return rows;
  });
  const none = { letter: "", words: "no attempt", open() {} };
  const span = (attempts) => (attempts.length === 1 ? `${attempts[0].i}` : `${attempts[0].i} – ${attempts.at(-1).i}`);
  return {
    label: "Outcome of every attempt", corner: "Attempts", bands: [], rows: lines.length,
    columns: Math.max(...lines.map((line) => line.attempts.length)),
    columnName: (column) => ({ text: `+${column}`, words: `number ${column} of the row`, open() {} }),
    rowName: (row) => ({ file: data.conditions.length > 1 ? `${lines[row].words} ` : "", name: span(lines[row].attempts),
      words: `attempts ${span(lines[row].attempts)}`, open() {} }),
    cell(row, column) {
      const attempt = lines[row].attempts[column];
      return attempt ? { letter: attempt.o, words: `attempt ${attempt.i}: ${attemptWords(attempt)}`, open: () => openAttempt(attempt.i) } : none;
    },
  };
}
