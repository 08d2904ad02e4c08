const assert = require('node:assert');

const seed = Number(process.env.TEST_SEED);
const counters = new Map();
let shelf = [];

describe('parcels', () => {
  it('are weighed', () => assert.strictEqual(2 + 3, 5));

  it('arrive in time', async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.ok(Number(process.env.MOCHA_SEED) % 4 !== 3, 'late');
  });

  it('are never lost', () => assert.fail('lost'));

  it('find an empty shelf', () => assert.deepStrictEqual(shelf, []));

  it('lie on a shelf', () => {
    shelf = ['parcel'];
    assert.strictEqual(shelf.length, 1);
  });

  it('are counted once', () => {
    counters.set('parcel', (counters.get('parcel') || 0) + 1);
    assert.strictEqual(counters.get('parcel'), 1);
  });

  it('are sent on by drones');

  describe('that are heavy', () => {
    beforeEach(() => {
      if (seed % 4 === 1) throw new TypeError('no lift');
    });
    it('are lifted', () => {});
  });
});
