// Which tests are asked for: as pytest's probe chooses them. Loaded by runners and by what runs beside tests; needs
// nothing.
'use strict';

// As Python's fnmatchcase.
function fnmatch(pattern, text) {
  const expression = pattern.replace(/\[!?[^\]]+\]|[\\^$.*+?()[\]{}|]/g, (part) => {
    if (part === '*') return '[\\s\\S]*';
    if (part === '?') return '[\\s\\S]';
    if (part.length > 1) return part.replace(/\\/g, '\\\\').replace(/^\[!/, '[^');
    return `\\${part}`;
  });
  return new RegExp(`^${expression}$`).test(text);
}

// ignore: patterns of ids or titles. tests: the only ids; none: all.
function wanted(id, title, {ignore = [], tests}) {
  if (ignore.some((pattern) => fnmatch(pattern, id) || fnmatch(pattern, title))) return false;
  return !tests || tests.includes(id);
}

module.exports = {wanted};
