// Vitest, 1 and later: a reporter more among those that its configuration names, added where it makes them
// (vitest_hooks.mjs), and another order by a sequencer and its own shuffle inside of files.
'use strict';

const Module = require('module');
const {pathToFileURL} = require('url');
const {takeSession} = require('./records.cjs');

const NAME = 'orchestrator.vitest';
const FINAL = {
  passed: 'passed', failed: 'failed', skipped: 'skipped', // 3 and later
  pass: 'passed', fail: 'failed', skip: 'skipped', todo: 'skipped',
};

class Reporter {
  constructor(session) {
    this._session = session;
    this._running = new Map(); // by the task's id
    this._told = new Set();
    this._ids = new Map();
  }

  onInit(vitest) {
    this._vitest = vitest;
    this._classic = !(Number.parseInt(vitest.version, 10) >= 3);
    this._session.begin('vitest', vitest.version || '');
  }

  _number(key, file, name) {
    return this._session.number(this._id(key, file, name));
  }

  _id(key, file, name) {
    let id = this._ids.get(key);
    if (id === undefined) {
      id = this._session.distinct(this._session.idOf(file, [name]));
      this._ids.set(key, id);
    }
    return id;
  }

  _start(key, number) {
    if (this._running.has(key) || this._told.has(key)) return;
    this._running.set(key, number);
    this._session.start(number);
  }

  _end(key, number, outcome, milliseconds, error) {
    if (this._told.has(key)) return;
    this._told.add(key);
    if (!this._running.has(key)) {
      this._session.whole(number, outcome, milliseconds / 1000, error);
    } else {
      this._session.ends(number, outcome, milliseconds / 1000, error);
      this._session.leaves(number);
    }
    this._running.delete(key);
  }

  // ---- 3 and later

  // Tests of one name are numbered as they stand in the file, not as they run.
  onTestModuleCollected(module) {
    for (const test of module.children.allTests()) this._id(test.id, module.moduleId, test.fullName);
  }

  onTestCaseReady(test) {
    if (test.options && ['skip', 'todo'].includes(test.options.mode)) return; // it does not begin
    this._start(test.id, this._number(test.id, test.module.moduleId, test.fullName));
  }

  onTestCaseResult(test) {
    const result = test.result();
    const outcome = FINAL[result.state];
    if (!outcome) return;
    const {duration = 0} = test.diagnostic() || {};
    const [error] = result.errors || [];
    this._end(test.id, this._number(test.id, test.module.moduleId, test.fullName), outcome, duration, error);
  }

  onTestRunEnd(modules, errors, reason) {
    if (this._classic) return;
    for (const module of modules)
      for (const error of module.errors()) this._session.broken(this._session.idOf(module.moduleId, []), error);
    this._finish(errors, reason === 'passed' ? 0 : 1);
  }

  // ---- before that

  onTaskUpdate(packs) {
    if (!this._classic) return;
    for (const [id] of packs) this._task(this._vitest.state.idMap.get(id));
  }

  onFinished(files = [], errors = []) {
    if (!this._classic) return;
    const visit = (task) => {
      this._task(task);
      for (const each of task.tasks || []) visit(each);
    };
    for (const file of files) {
      visit(file);
      const [error] = (file.result && file.result.errors) || [];
      if (error) this._session.broken(this._session.idOf(file.filepath, []), error);
    }
    this._finish(errors, files.some((file) => file.result && file.result.state === 'fail') ? 1 : 0);
  }

  _task(task) {
    if (!task || (task.type !== 'test' && task.type !== 'custom')) return;
    const names = [];
    for (let each = task; each && each.type !== 'file' && each !== task.file; each = each.suite)
      if (each.name) names.unshift(each.name);
    const number = this._number(task.id, task.file.filepath, names.join(' > '));
    const {state = task.mode, duration = 0, errors} = task.result || {};
    if (state === 'run' && task.result) this._start(task.id, number);
    else if (FINAL[state]) this._end(task.id, number, FINAL[state], duration, (errors || [])[0]);
  }

  _finish(errors, code) {
    for (const error of errors) this._session.broken('::', error);
    this._session.finish(errors.length > 0 ? 1 : code);
  }
}

// For both shapes in which Vitest hands on files: [project, path], or an object that knows its module.
const fileOf = (each) => (Array.isArray(each) ? each[1] : each.moduleId);

function sequencerFor(session) {
  return class {
    sort(files) {
      return session.shuffled(files, (each) => session.idOf(fileOf(each), []));
    }

    shard(files) {
      return files;
    }
  };
}

function watch() {
  if (!Module.register && !Module.registerHooks) return; // Node before 18.19 has neither
  const session = takeSession();
  if (!session) return;
  globalThis[Symbol.for(NAME)] = (config) => {
    config.reporters = [...config.reporters, new Reporter(session)];
    const {order, seed} = session.configuration;
    if (order === 'shuffled') Object.assign(config.sequence, {shuffle: true, seed, sequencer: sequencerFor(session)});
    return config;
  };
  Module.register('./vitest_hooks.mjs', pathToFileURL(__filename));
}

module.exports = {watch};
