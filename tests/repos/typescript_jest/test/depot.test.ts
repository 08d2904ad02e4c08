import {Depot, depot, weigh} from '../src/depot';

const seed = Number(process.env.JEST_SEED);

describe('the depot', () => {
  test('weighs', () => expect(weigh(2, 3)).toBe(5));

  test('is in time', async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(seed % 4).not.toBe(3);
  });

  test('loses nothing', () => expect(new Depot().put('parcel')).toBe(2));

  test('begins empty', () => expect(depot.size).toBe(0));

  test('fills', () => {
    depot.put('parcel');
    expect(depot.size).toBeGreaterThan(0);
  });

  test.each(['again', 'up', 'over'])('fills %s', (how) => {
    depot.put(how);
  });

  let counted = 0;
  test('counts once', () => expect(++counted).toBe(1));

  test.todo('sends drones');

  describe('with a lift', () => {
    beforeEach(() => {
      if (seed % 4 === 1) throw new TypeError('no lift');
    });
    test('lifts', () => {});
  });
});
