// Mocha, 6 and later, also with --parallel: its runner is told apart, ordered and repeated before it begins.
'use strict';

const {takeSession, versionOf, clock} = require('./records.cjs');

const titlesOf = (runnable) => {
  const titles = [];
  for (let each = runnable; each; each = each.parent) {
    if (each.title) titles.unshift(each.title);
    // What comes from a worker of Mocha's own has a parent that knows its whole name only.
    else if (!each.tests && typeof each.fullTitle === 'function' && each.fullTitle()) titles.unshift(each.fullTitle());
  }
  return titles;
};

// Tests of one name get a number each: what is repeated by us is known by its mark.
class Ids {
  constructor(session) {
    this._session = session;
    this._ids = new WeakMap();
  }

  of(test) {
    const first = test.retriedTest && test.retriedTest(); // of which this is one more try of Mocha's own
    if (first) return this.of(first);
    let id = this._ids.get(test);
    if (id === undefined) {
      id = this._session.distinct(this._session.idOf(test.file, titlesOf(test)));
      this._ids.set(test, id);
    }
    return id;
  }

  same(copy, test) {
    this._ids.set(copy, this.of(test));
  }
}

const repeats = new WeakMap();

function arrange(suite, session, ids) {
  const {order, repeat} = session.configuration;
  for (const each of suite.suites) arrange(each, session, ids);
  for (const test of suite.tests) ids.of(test); // numbered as written
  if (session.selects) suite.tests = suite.tests.filter((test) => session.wants(ids.of(test), test.title, test.file));
  if (order === 'reversed') {
    suite.tests = [...suite.tests].reverse();
    suite.suites = [...suite.suites].reverse();
  } else if (order === 'shuffled') {
    suite.tests = session.shuffled(suite.tests, (test) => ids.of(test));
    suite.suites = session.shuffled(suite.suites, (each) => session.idOf(each.file, titlesOf(each)));
  }
  if (repeat > 1) suite.tests = suite.tests.flatMap((test) => [test, ...copies(test, suite, repeat, ids)]);
}

function copies(test, suite, repeat, ids) {
  return Array.from({length: repeat - 1}, (_, index) => {
    const copy = test.clone();
    copy.parent = suite;
    copy.ctx = suite.ctx;
    ids.same(copy, test);
    repeats.set(copy, index + 2);
    return copy;
  });
}

function observe(runner, session, version) {
  const ids = new Ids(session);
  let running; // {number, since, told}
  session.begin('mocha', version);
  if (runner.suite) arrange(runner.suite, session, ids);
  // Mocha counts what there is before it begins.
  if (runner.suite && typeof runner.grepTotal === 'function') runner.total = runner.grepTotal(runner.suite);
  const numberOf = (test) => session.number(ids.of(test), repeats.get(test) || 1);
  const leave = () => {
    if (running) session.leaves(running.number);
    running = undefined;
  };
  const ends = (outcome, error) => {
    if (!running || running.told) return;
    running.told = true;
    session.ends(running.number, outcome, Number(clock() - running.since) / 1e9, error);
  };
  runner.on('test', (test) => {
    leave();
    running = {number: numberOf(test), since: clock(), told: false};
    session.start(running.number);
  });
  runner.on('pass', (test) => {
    if (!running) session.whole(numberOf(test), 'passed', (test.duration || 0) / 1000); // of a worker of mocha's own
    else ends('passed');
  });
  runner.on('retry', (test, error) => {
    ends('failed', error);
    leave();
  });
  runner.on('pending', (test) => {
    if (running && running.number === numberOf(test)) ends('skipped');
    else session.whole(numberOf(test), 'skipped', 0);
  });
  runner.on('fail', (test, error) => {
    if (test.type === 'hook') {
      const current = test.ctx && test.ctx.currentTest;
      if (running && !running.told) ends('failed', error);
      else if (current && /^"before each"/.test(test.title)) session.whole(numberOf(current), 'failed', 0, error);
      else session.broken(session.idOf(test.file || (current && current.file), titlesOf(test)), error);
    } else if (running && running.number === numberOf(test)) {
      // Also of a test that had passed already: it called back twice, and has failed for Mocha.
      running.told = false;
      ends('failed', error);
    } else if (running) session.ends(numberOf(test), 'failed', 0, error); // of an earlier one, too late
    else session.whole(numberOf(test), 'failed', (test.duration || 0) / 1000, error);
  });
  runner.on('suite end', leave);
  runner.once('end', () => {
    leave();
    session.finish(Math.min(runner.failures || 0, 255));
  });
}

// loaded: the class that runs suites. Returns it.
function watchRunner(loaded, by) {
  const Runner = loaded && loaded.default ? loaded.default : loaded;
  const own = Object.getOwnPropertyDescriptor(Runner.prototype, 'run');
  if (!own || own.value.watched) return loaded;
  const run = own.value;
  Runner.prototype.run = function (...words) {
    if (!this.watchedByOrchestrator) {
      const session = takeSession();
      this.watchedByOrchestrator = true;
      if (session) observe(this, session, versionOf(by));
    }
    return run.apply(this, words);
  };
  Runner.prototype.run.watched = true;
  return loaded;
}

module.exports = {watchRunner};
