// What the probes for runners of Node have in common: the way to the supervisor, and how a test is told of. The records
// are those of pytest's probe (../pytest/orchestrator_probe_session.py), one JSON line each and as it happens.
'use strict';

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const {wanted} = require('./matching.cjs');

// Kept, where tests that freeze time or replace what they test with do not reach.
const {writeSync, readFileSync, openSync} = fs;
const clock = process.hrtime.bigint.bind(process.hrtime);
const {stringify, parse} = JSON;

const TREE = '/work';
const MESSAGE = 300;
const TEXT = 3000;
const LINE = 4000; // bytes of a record: a pipe takes 4,096 as a whole, whoever else writes

const cut = (text, longest) => {
  if (text.length <= longest) return text;
  const half = Math.floor(longest / 2);
  return `${text.slice(0, half)}\n[…]\n${text.slice(-half)}`;
};

// Colours are for people.
const plain = (text) => String(text).replace(/\u001b\[[0-9;]*[A-Za-z]/g, '');

class Session {
  constructor(configuration, fd) {
    this.configuration = configuration;
    this._fd = fd;
    this._numbers = new Map();
    this._times = new Map(); // of an id
    // Runners may run side by side, each in a package of its own: records say whose they are, ids and places are from
    // the tree's root.
    this._key = ((process.pid << 16) ^ Number(clock() / 1000n)) >>> 0;
    this.root = `${process.cwd()}/`.startsWith(`${TREE}/`) ? TREE : process.cwd();
  }

  send(record) {
    if (this._fd === null) return;
    record.k = this._key;
    let line = stringify(record);
    while (Buffer.byteLength(line) > LINE && record.x) {
      record.x = record.x.length > 100 ? cut(record.x, Math.floor(record.x.length / 2)) : '';
      line = stringify(record);
    }
    let rest = Buffer.from(line + '\n');
    while (rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(this._fd, rest));
      } catch (error) {
        if (error.code === 'EAGAIN') continue; // somebody made the pipe one that does not wait
        this._fd = null;
        return;
      }
    }
  }

  begin(framework, version) {
    this.send({t: 'session', framework, version: String(version), node: process.versions.node, root: this.root});
  }

  // "test/a.test.js::suite > title"
  idOf(file, titles) {
    return `${file ? path.relative(this.root, file).split(path.sep).join('/') : ''}::${titles.join(' > ')}`;
  }

  // Tests of one name get a number each, in the order in which they are asked for.
  distinct(id) {
    const times = (this._times.get(id) || 0) + 1;
    this._times.set(id, times);
    return times > 1 ? `${id} #${times}` : id;
  }

  // The first time of a test names it. `repeat`: which of its times in this process.
  number(id, repeat = 1) {
    const key = `${repeat} ${id}`;
    let number = this._numbers.get(key);
    if (number === undefined) {
      number = this._numbers.size;
      this._numbers.set(key, number);
      this.send({t: 'test', i: number, id, r: repeat});
    }
    return number;
  }

  start(number) {
    this.send({t: 'start', i: number});
    this.send({t: 'phase', i: number, p: 'setup', o: 'passed', s: 0});
  }

  // outcome: passed, failed, skipped; of a failure its error.
  ends(number, outcome, seconds, error) {
    this.send({t: 'phase', i: number, p: 'call', o: outcome, s: Math.max(0, seconds || 0),
      ...(outcome === 'failed' ? this.failure(error) : {})});
  }

  leaves(number) {
    this.send({t: 'phase', i: number, p: 'teardown', o: 'passed', s: 0});
  }

  // A whole test of which nothing was heard before it ended.
  whole(number, outcome, seconds, error) {
    this.send({t: 'start', i: number});
    if (outcome === 'skipped') this.send({t: 'phase', i: number, p: 'setup', o: 'skipped', s: 0});
    else {
      this.send({t: 'phase', i: number, p: 'setup', o: 'passed', s: 0});
      this.ends(number, outcome, seconds, error);
    }
    this.leaves(number);
  }

  broken(id, error) {
    this.send({t: 'collect_error', id, ...this.failure(error)});
  }

  finish(code) {
    this.send({t: 'finish', exit: code});
  }

  // error: anything that was thrown, or {name, message, stack}.
  failure(error) {
    let name = 'Error';
    let message = '';
    let stack = '';
    try {
      if (error !== null && typeof error === 'object') {
        message = plain(error.message || '');
        stack = plain(error.stack || message);
        const [, said] = /^([A-Z][\w$.]*)\b/.exec(stack) || []; // all that is left where it came from another process
        name = String(error.name || said || 'Error');
      } else {
        message = stack = plain(error);
      }
    } catch {
      message = '(no message: it could not be read)';
    }
    return {e: cut(name, 200), m: cut(message.trim(), MESSAGE), x: cut(stack, TEXT), ...this.place(stack)};
  }

  // The innermost frame of the project itself: below the root, in no package's folder.
  place(stack) {
    for (const line of stack.split('\n')) {
      const frame = /^\s*(?:at|❯) (?:(.*?) \()?(?:file:\/\/)?([^()\s]*?):(\d+):\d+\)?$/.exec(line);
      if (!frame || frame[2].startsWith('node:') || frame[2].includes('node_modules/')) continue;
      const file = path.relative(this.root, path.resolve(this.root, frame[2]));
      if (file.startsWith('..')) continue;
      const place = {at: `${file}:${frame[3]}`};
      return frame[1] ? {...place, in: frame[1].replace(/^(async|new) /, '')} : place;
    }
    return {};
  }

  // By a hash of seed and key: the same on every platform, no random state involved.
  shuffled(list, keyOf) {
    const {seed} = this.configuration;
    const rank = (each) => crypto.createHash('sha256').update(`${seed}\0${keyOf(each)}`).digest('hex');
    return list.map((each) => [rank(each), each]).sort((a, b) => (a[0] < b[0] ? -1 : 1)).map(([, each]) => each);
  }

  hasFile(file) {
    const {files} = this.configuration;
    return !files || Boolean(file && files.includes(path.resolve(file)));
  }

  // Whether a test is one of those that are asked for.
  wants(id, title, file) {
    return this.hasFile(file) && wanted(id, title, this.configuration);
  }

  get selects() {
    const {tests, files, ignore} = this.configuration;
    return Boolean(tests || files || (ignore && ignore.length));
  }
}

let session;

// The one session of this process; undefined where there is nobody to tell. The supervisor's pipe is opened by its path:
// Node lets no descriptor through to the processes that it starts, and what has its number may be a pipe of Node's own.
function takeSession() {
  if (session) return session;
  const {ORCHESTRATOR_PROBE: text, ORCHESTRATOR_RESULT_PATH: where} = process.env;
  for (const name of ['PROBE', 'RESULT_FD', 'RESULT_PATH']) delete process.env[`ORCHESTRATOR_${name}`];
  try {
    const configuration = parse(text);
    for (const key of ['tests', 'files'])
      if (configuration[`${key}_file`])
        configuration[key] = readFileSync(configuration[`${key}_file`], 'utf8').split('\0');
    session = new Session(configuration, openSync(where, 'w'));
  } catch {
    return undefined;
  }
  return session;
}

// Of the package that a file is in.
function versionOf(file) {
  for (let folder = path.dirname(file); folder !== path.dirname(folder); folder = path.dirname(folder)) {
    try {
      const {name, version} = parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
      if (name && version) return version;
    } catch {
      // further up
    }
  }
  return '';
}

module.exports = {takeSession, versionOf, clock};
