import { queryList, queryText } from '../../../api/courier/query';
import { VolleyError } from '../../../src/domain/errors';

const query = (entries: Record<string, string[]>) => new Map(Object.entries(entries));

test('an absent value comes as nothing, as an empty text or as the word undefined', () => {
  for (const values of [[], [''], ['undefined'], ['undefined', '']]) {
    expect(queryText(query({ cursor: values }), 'cursor')).toBeUndefined();
    expect(queryList(query({ status: values }), 'status')).toEqual([]);
  }
});

test.each([
  ['v3, bracketed', { 'status[]': ['SENT', 'OPENED'] }],
  ['v4 and v5, with a comma encoded twice', { status: ['SENT%2COPENED'] }],
  ['v4 and v5, not decoded at all', { status: ['SENT%252COPENED'] }],
  ['v6, repeated', { status: ['SENT', 'OPENED'] }],
  ['v7, with a comma', { status: ['SENT,OPENED'] }],
  ['repeated and empty', { status: ['SENT,,SENT', ' OPENED '] }],
])('a list of the SDK %s is the same list', (_sdk, entries) => {
  expect(queryList(query(entries), 'status')).toEqual(['SENT', 'OPENED']);
});

test('a value encoded twice is read, and one that only looks encoded is kept', () => {
  expect(queryText(query({ event: ['a%3Db'] }), 'event')).toBe('a=b');
  expect(queryText(query({ event: ['50%'] }), 'event')).toBe('50%');
  expect(queryText(query({ event: ['%E0%A4%A'] }), 'event')).toBe('%E0%A4%A');
});

test('two different values for one, and absurd lengths, are refused', () => {
  expect(queryText(query({ cursor: ['a', 'a'] }), 'cursor')).toBe('a');
  expect(() => queryText(query({ cursor: ['a', 'b'] }), 'cursor')).toThrow(VolleyError);
  expect(() => queryText(query({ cursor: ['a'.repeat(3_000)] }), 'cursor')).toThrow(VolleyError);
});
