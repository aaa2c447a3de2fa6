import fc from 'fast-check';
import {
  boolArray,
  byteaArray,
  int4Array,
  int8Array,
  jsonbArray,
  textArray,
  timestamptzArray,
  uuidArray,
} from '../../../src/ledger/binary-arrays';
import { createTestDatabase, type TestDatabase } from '../../support/database';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

/** NUL is what Postgres cannot keep; the API takes it out long before. */
const text = fc.string({ unit: 'binary' }).map((value) => value.replaceAll('\0', ''));
const date = fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true });
const lists = fc.record({
  texts: fc.array(fc.option(text)),
  numbers: fc.array(fc.option(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }))),
  longs: fc.array(fc.option(fc.maxSafeInteger())),
  truths: fc.array(fc.option(fc.boolean())),
  uuids: fc.array(fc.option(fc.uuid())),
  bytes: fc.array(fc.option(fc.uint8Array().map((bytes) => Buffer.from(bytes)))),
  jsons: fc.array(fc.dictionary(text, text)),
  dates: fc.array(fc.option(date)),
});

test('what goes in as a binary array is what Postgres reads', async () => {
  await fc.assert(
    fc.asyncProperty(lists, async ({ texts, numbers, longs, truths, uuids, bytes, jsons, dates }) => {
      const [row] = await database.db.query(
        `select $1::text[] as texts, $2::int4[] as numbers, $3::uuid[]::text[] as uuids, $4::bytea[] as bytes,
           $5::jsonb[] as jsons, $6::timestamptz[] as dates, $7::int8[] as longs, $8::bool[] as truths`,
        [
          ...[textArray(texts), int4Array(numbers), uuidArray(uuids), byteaArray(bytes)],
          jsonbArray(jsons.map((value) => JSON.stringify(value))),
          timestamptzArray(dates.map((value) => value?.getTime())),
          ...[int8Array(longs), boolArray(truths)],
        ],
      );
      // The driver reads an array of them as text.
      const asText = longs.map((value) => (value === null ? null : String(value)));
      expect(row).toEqual({ texts, numbers, longs: asText, truths, uuids, bytes, jsons, dates });
    }),
    { numRuns: 60 },
  );
});
