// The entrance of the probe for programs of Node: NODE_OPTIONS names it, so that it runs first in each of them, npm and
// npx among them. It does nothing until a test runner is loaded; then it gives way to that runner's own module here.
//
// ORCHESTRATOR_PROBE is the configuration, as for pytest. The process that runs the tests takes both variables away:
// what its tests start is their own business.
'use strict';

const path = require('path');

// Who loads what, from where in its package, and the module here that watches it.
const RUNNERS = [
  {by: /[\\/]mocha[\\/]lib[\\/]mocha\.js$/, what: /(^|\/)runner(\.js)?$/, watch: 'mocha', name: 'watchRunner'},
  {by: /[\\/]mocha[\\/]lib[\\/]mocha\.js$/, what: /parallel-buffered-runner/, watch: 'mocha', name: 'watchRunner'},
  {by: /[\\/]@jest[\\/]core[\\/]build[\\/]/, what: /^jest-config$/, watch: 'jest', name: 'watchConfig'},
];

function watchLoads() {
  const Module = require('module');
  const load = Module._load;
  Module._load = function (request, parent) {
    const loaded = load.apply(this, arguments);
    for (const runner of RUNNERS)
      if (runner.what.test(request) && parent && runner.by.test(parent.filename || ''))
        return watched(runner, loaded, parent.filename);
    return loaded;
  };
}

// A runner that is not as expected is left as it is.
function watched(runner, loaded, by) {
  try {
    return require(`./${runner.watch}.cjs`)[runner.name](loaded, by);
  } catch {
    return loaded;
  }
}

const MANAGERS = ['npm-cli.js', 'npx-cli.js', 'npm', 'npx', 'yarn', 'yarn.js', 'pnpm', 'pnpm.cjs'];

function begin() {
  if (!process.env.ORCHESTRATOR_PROBE || !process.env.ORCHESTRATOR_RESULT_PATH) return;
  if (!require('worker_threads').isMainThread) return;
  const program = path.basename(process.argv[1] || '');
  if (program === 'vitest.mjs' || program === 'vitest') require('./vitest.cjs').watch();
  else if (!MANAGERS.includes(program)) watchLoads();
}

// Whatever is not as expected, the program runs.
try {
  begin();
} catch {
  // nothing is told
}
