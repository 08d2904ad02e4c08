// Runs in each of Jest's test files, after its environment is there: chooses, orders and repeats the tests of the file
// just before the first of them runs. Works where Jest's own runner (circus) runs them.
'use strict';

const crypto = require('crypto');
const path = require('path');
const {wanted} = require('./matching.cjs');

const {order, repeat, seed, root, ...choice} = globalThis.__orchestrator__ || {};

function rank(text) {
  return crypto.createHash('sha256').update(`${seed}\0${text}`).digest('hex');
}

function nameOf(child) {
  const names = [];
  for (let each = child; each && each.parent; each = each.parent) names.unshift(each.name);
  return names.join(' > ');
}

// The second time a test is compared with the same snapshots as the first.
function withSameSnapshots(fn) {
  const again = function (...words) {
    const {snapshotState, currentTestName} = globalThis.expect.getState();
    const counters = snapshotState && snapshotState._counters;
    if (counters && typeof counters.delete === 'function') counters.delete(currentTestName);
    return fn.apply(this, words);
  };
  return Object.defineProperty(again, 'length', {value: fn.length}); // whether it takes a callback
}

function twin(test) {
  const copy = Object.assign(Object.create(Object.getPrototypeOf(test)), test, {errors: [], retryReasons: []});
  if (typeof test.fn === 'function') copy.fn = withSameSnapshots(test.fn);
  return copy;
}

function ordered(children) {
  if (order === 'reversed') return [...children].reverse();
  if (order !== 'shuffled') return children;
  return children
    .map((child, index) => [rank(`${nameOf(child)} ${index}`), child])
    .sort((a, b) => (a[0] < b[0] ? -1 : 1))
    .map(([, child]) => child);
}

function arrange(block, file) {
  for (const child of block.children) if (child.type === 'describeBlock') arrange(child, file);
  const children = block.children.filter(
    (child) => child.type !== 'test' || wanted(`${file}::${nameOf(child)}`, child.name, choice));
  const times = (test) => Array.from({length: repeat}, (_, number) => (number === 0 ? test : twin(test)));
  const repeated = ordered(children).flatMap((child) => (child.type === 'test' ? times(child) : [child]));
  block.children.splice(0, block.children.length, ...repeated);
}

const symbol = Object.getOwnPropertySymbols(globalThis).find((each) => each.description === 'JEST_STATE_SYMBOL');
// Without global functions (injectGlobals) nothing can be asked for.
if (symbol && order && typeof globalThis.beforeAll === 'function' && globalThis.expect) {
  let done = false;
  globalThis.beforeAll(() => {
    const {rootDescribeBlock} = globalThis[symbol];
    const {testPath} = globalThis.expect.getState();
    if (!done && rootDescribeBlock) arrange(rootDescribeBlock, path.relative(root, testPath).split(path.sep).join('/'));
    done = true;
  });
}
