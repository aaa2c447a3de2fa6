import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { fromCourierId, isUuid, toCourierId } from '../../../src/domain/ids';

test('an id goes to its Courier form and back, whatever its version and case', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.boolean(), (uuid, upper) => {
      const courier = toCourierId(upper ? uuid.toUpperCase() : uuid);
      expect(courier).toMatch(/^1-[0-9a-f]{8}-[0-9a-f]{24}$/);
      expect(fromCourierId(upper ? courier.toUpperCase() : courier)).toBe(uuid.toLowerCase());
    }),
  );
});

test('both forms of an id lead to the same one', () => {
  fc.assert(
    fc.property(fc.uuid(), (uuid) => {
      expect(fromCourierId(uuid.toUpperCase())).toBe(fromCourierId(toCourierId(uuid)));
    }),
  );
});

test('two ids never share a Courier form', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.uuid(), (a, b) => {
      expect(toCourierId(a) === toCourierId(b)).toBe(a === b);
    }),
  );
});

test('what is no id names nothing', () => {
  const near = fc.tuple(fc.uuid(), fc.nat(), fc.string({ maxLength: 3 })).map(([uuid, at, noise]) => {
    const courier = toCourierId(uuid);
    const cut = at % courier.length;
    return courier.slice(0, cut) + noise + courier.slice(cut + 1);
  });
  fc.assert(
    fc.property(fc.oneof(fc.string(), near), (text) => {
      const named = fromCourierId(text);
      if (named !== undefined) expect([named, toCourierId(named)]).toContain(text.toLowerCase());
    }),
  );
  for (const text of [
    '',
    '1-',
    '2-00000000-000000000000000000000000',
    ` ${uuidv7()}`,
    `${uuidv7()}\n`,
    `{${uuidv7()}}`,
  ]) {
    expect(fromCourierId(text)).toBeUndefined();
    expect(isUuid(text)).toBe(false);
  }
});
