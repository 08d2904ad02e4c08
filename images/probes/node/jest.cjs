// Jest, 25 and later: its configuration gets a reporter more; another order comes by a sequencer of files, and, for the
// tests of a file, by jest_file.cjs, which runs before each of them.
'use strict';

const path = require('path');
const {takeSession, versionOf} = require('./records.cjs');

const HERE = __dirname;

// loaded: the module that reads configurations. Returns it with another readConfigs.
function watchConfig(loaded, by) {
  const session = takeSession();
  if (!session) return loaded;
  const version = versionOf(by);
  const readConfigs = async (...words) => {
    const read = await loaded.readConfigs(...words);
    if (read.globalConfig.listTests || read.globalConfig.watch || read.globalConfig.watchAll) return read;
    return adapted(read, session, version);
  };
  return Object.create(loaded, {readConfigs: {value: readConfigs, enumerable: true}});
}

function adapted(read, session, version) {
  const {order, repeat, seed, tests, ignore} = session.configuration;
  session.begin('jest', version);
  const globalConfig = {...read.globalConfig};
  globalConfig.reporters = [...(globalConfig.reporters || [['default', {}]]), [path.join(HERE, 'jest.cjs'), {}]];
  if (order === 'written' && repeat === 1 && !session.selects)
    return {...read, globalConfig: Object.freeze(globalConfig)};
  session.sequencer = globalConfig.testSequencer;
  globalConfig.testSequencer = path.join(HERE, 'jest_order.cjs');
  if (session.selects) globalConfig.passWithNoTests = true;
  // Where tests run, the configuration is all that is known of us.
  const told = {order, repeat, seed, root: session.root, ignore, tests};
  const configs = read.configs.map((config) =>
    Object.freeze({
      ...config,
      setupFilesAfterEnv: [...(config.setupFilesAfterEnv || []), path.join(HERE, 'jest_file.cjs')],
      globals: {...config.globals, __orchestrator__: told},
    }));
  return {...read, globalConfig: Object.freeze(globalConfig), configs};
}

const OUTCOMES = {
  passed: 'passed', failed: 'failed', pending: 'skipped', skipped: 'skipped', todo: 'skipped', disabled: 'skipped',
};

class Reporter {
  constructor() {
    this._session = takeSession();
    this._started = new Map(); // by file and name: numbers whose end is still to come
    this._times = new Map();
    this._told = new Map(); // by file and name: how often its end was told
  }

  _number(file, {ancestorTitles = [], title}) {
    const id = this._session.idOf(file, [...ancestorTitles, title]);
    const times = (this._times.get(id) || 0) + 1;
    this._times.set(id, times);
    if (times > 1 && this._session.configuration.repeat === 1) return this._session.number(`${id} #${times}`);
    return this._session.number(id, times);
  }

  _key(file, {ancestorTitles = [], title}) {
    return JSON.stringify([file, ancestorTitles, title]);
  }

  onTestCaseStart(test, start) {
    const number = this._number(test.path, start);
    const key = this._key(test.path, start);
    this._started.set(key, [...(this._started.get(key) || []), number]);
    this._session.start(number);
  }

  onTestCaseResult(test, result) {
    const key = this._key(test.path, result);
    this._told.set(key, (this._told.get(key) || 0) + 1);
    this._case(test.path, result);
  }

  _case(file, result) {
    const outcome = OUTCOMES[result.status];
    if (!outcome) return;
    const started = this._started.get(this._key(file, result)) || [];
    const running = started.shift();
    const seconds = (result.duration || 0) / 1000;
    const error = outcome === 'failed' ? this._error(result) : undefined;
    if (running === undefined) {
      this._session.whole(this._number(file, result), outcome, seconds, error);
      return;
    }
    for (const reason of result.retryReasons || []) {
      this._session.ends(running, 'failed', 0, this._errorOf(reason));
      this._session.leaves(running);
      this._session.start(running);
    }
    this._session.ends(running, outcome, seconds, error);
    this._session.leaves(running);
  }

  _error(result) {
    const text = (result.failureMessages || []).join('\n');
    const [details] = result.failureDetails || [];
    const error = this._errorOf(text);
    const thrown = details && (details.error || details);
    if (thrown && typeof thrown === 'object' && thrown.name) error.name = String(thrown.name);
    if (details && details.matcherResult) error.name = 'JestAssertionError';
    return error;
  }

  // Jest hands on stacks as texts: "TypeError: message\n    at …".
  _errorOf(text) {
    const stack = String(text);
    const [head] = stack.split(/\n\s+at /, 1);
    const named = /^(?:\u001b\[[0-9;]*m)*([\w$.]*(?:Error|Exception)): ([\s\S]*)$/.exec(head);
    return {name: named ? named[1] : 'Error', message: named ? named[2] : head, stack};
  }

  onTestResult(test, result) {
    if (result.testExecError) {
      const {message, stack, name} = result.testExecError;
      this._session.broken(this._session.idOf(test.path, []), {name, message, stack: stack || result.failureMessage});
    }
    // What was skipped without being begun; and all, of runners that say nothing before a file has ended.
    for (const each of result.testResults || []) {
      const key = this._key(test.path, each);
      const told = this._told.get(key) || 0;
      if (told > 0) this._told.set(key, told - 1);
      else this._case(test.path, each);
    }
  }

  onRunComplete(_, results) {
    this._session.finish(results.success ? 0 : 1);
  }

  getLastError() {}
}

module.exports = Reporter;
module.exports.watchConfig = watchConfig;
