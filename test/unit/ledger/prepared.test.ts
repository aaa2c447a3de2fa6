import { createTestDatabase, type TestDatabase } from '../../support/database';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ poolSize: 1 });
  await database.db.query('create table pairs (a integer, b integer)');
  await database.db.query('insert into pairs values (1, 2)');
});
afterAll(() => database?.drop());

const known = async () =>
  (await database.db.query<{ statement: string }>('select statement from pg_prepared_statements')).map(
    ({ statement }) => statement,
  );

test('a statement is prepared once a connection, whoever sends it, and only where that is asked for', async () => {
  const text = 'select $1::integer + 1 as n';
  const { db } = database;
  expect(await db.query(text, [1], { prepared: true })).toEqual([{ n: 2 }]);
  expect(await db.transaction((tx) => tx.query(text, [2], { prepared: true }))).toEqual([{ n: 3 }]);
  expect(await db.query(text, [3])).toEqual([{ n: 4 }]);
  expect(await db.query('select $1::integer + 2 as n', [3])).toEqual([{ n: 5 }]);
  expect(await known()).toEqual([text]);
});

test('a statement prepared before a migration changed its columns works after it', async () => {
  const text = 'select * from pairs';
  const { db } = database;
  expect(await db.query(text, [], { prepared: true })).toEqual([{ a: 1, b: 2 }]);
  await db.query('alter table pairs add column c integer default 3');
  expect(await db.query(text, [], { prepared: true })).toEqual([{ a: 1, b: 2, c: 3 }]);
});

test('inside a transaction it fails once, and the transaction works when it is tried again', async () => {
  const text = 'select *, 1 as d from pairs';
  const { db } = database;
  const read = () => db.transaction((tx) => tx.query(text, [], { prepared: true }));
  await read();
  await db.query('alter table pairs drop column b');
  await expect(read()).rejects.toMatchObject({ code: '0A000' });
  expect(await read()).toEqual([{ a: 1, c: 3, d: 1 }]);
});
