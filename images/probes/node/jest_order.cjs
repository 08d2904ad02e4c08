// The files that Jest runs and their order, where that is asked for: the project's own sequencer does the rest.
'use strict';

const {takeSession} = require('./records.cjs');

function ownSequencer(path) {
  const loaded = require(path);
  return loaded.default || loaded;
}

class Sequencer extends ownSequencer(takeSession().sequencer) {
  async sort(tests) {
    const session = takeSession();
    const chosen = tests.filter((test) => session.hasFile(test.path));
    const {order} = session.configuration;
    if (order === 'shuffled') return session.shuffled(chosen, (test) => session.idOf(test.path, []));
    const written = await super.sort(chosen);
    return order === 'reversed' ? [...written].reverse() : written;
  }
}

module.exports = Sequencer;
