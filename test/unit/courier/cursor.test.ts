import fc from 'fast-check';
import { decodeCursor, encodeCursor } from '../../../api/courier/cursor';
import { queryText } from '../../../api/courier/query';
import { VolleyError } from '../../../src/domain/errors';

const place = fc.array(fc.oneof(fc.string(), fc.integer({ min: 0 })), { minLength: 1, maxLength: 3 });

test('a cursor leads back to its place, also encoded twice on the way', () => {
  fc.assert(
    fc.property(fc.uuid(), place, (scope, given) => {
      const cursor = encodeCursor(scope, given);
      expect(cursor).toMatch(/^[A-Za-z0-9._~-]+$/);
      const wire = encodeURIComponent(encodeURIComponent(cursor));
      expect(wire).toBe(cursor);
      const query = new Map([['cursor', [decodeURIComponent(wire)]]]);
      expect(decodeCursor(scope, queryText(query, 'cursor') ?? '')).toEqual(given);
    }),
  );
});

test('a cursor of another listing is refused', () => {
  expect(() => decodeCursor('users/b', encodeCursor('users/a', [99]))).toThrow(VolleyError);
});

test('garbage is refused as invalid, whatever it is', () => {
  const codeOf = (cursor: string): string => {
    try {
      decodeCursor('users/a', cursor);
    } catch (error) {
      return error instanceof VolleyError ? error.code : 'thrown';
    }
    return 'taken';
  };
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => expect(codeOf(text)).toBe('invalid_request')),
  );
  const [payload, check] = encodeCursor('users/a', [99]).split('.');
  for (const cursor of [
    `${payload}`,
    `.${check}`,
    `${payload}x.${check}`,
    `${payload}.${check}x`,
    '__proto__.0123456789',
  ]) {
    expect(codeOf(cursor)).toBe('invalid_request');
  }
});
