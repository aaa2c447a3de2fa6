/**
 * Arrays of a statement's parameters in Postgres' binary form (array_send), one Buffer each: node-postgres hands a Buffer over
 * as it is. A page of 1,000 recipients holds a megabyte of JSON, whose quoting as array text, and reading it back, would cost as
 * much as keeping it. The statement must give each parameter the array's type.
 */
const OID = {
  bool: 16,
  bytea: 17,
  int8: 20,
  int4: 23,
  text: 25,
  timestamptz: 1184,
  uuid: 2950,
  jsonb: 3802,
} as const;

const HEADER_BYTES = 20;
/** Postgres counts microseconds since 2000. */
const EPOCH_2000_MS = 946_684_800_000;
const MICROSECONDS = 1_000n;
const JSONB_VERSION = 1;

type Element<T> = {
  readonly oid: number;
  bytes(value: T): number;
  write(value: T, into: Buffer, at: number): void;
};

const text: Element<string> = {
  oid: OID.text,
  bytes: (value) => Buffer.byteLength(value),
  write: (value, into, at) => into.write(value, at),
};

const jsonb: Element<string> = {
  oid: OID.jsonb,
  bytes: (value) => Buffer.byteLength(value) + 1,
  write(value, into, at) {
    into.writeUInt8(JSONB_VERSION, at);
    into.write(value, at + 1);
  },
};

const uuid: Element<string> = {
  oid: OID.uuid,
  bytes: () => 16,
  write: (value, into, at) => into.write(value.replaceAll('-', ''), at, 'hex'),
};

const int4: Element<number> = {
  oid: OID.int4,
  bytes: () => 4,
  write: (value, into, at) => into.writeInt32BE(value, at),
};

const int8: Element<number> = {
  oid: OID.int8,
  bytes: () => 8,
  write: (value, into, at) => into.writeBigInt64BE(BigInt(value), at),
};

const bool: Element<boolean> = {
  oid: OID.bool,
  bytes: () => 1,
  write: (value, into, at) => into.writeUInt8(value ? 1 : 0, at),
};

const bytea: Element<Buffer> = {
  oid: OID.bytea,
  bytes: (value) => value.length,
  write: (value, into, at) => into.set(value, at),
};

const timestamptz: Element<number> = {
  oid: OID.timestamptz,
  bytes: () => 8,
  write: (value, into, at) =>
    into.writeBigInt64BE(BigInt(Math.trunc(value - EPOCH_2000_MS)) * MICROSECONDS, at),
};

/** Strings as text[]. */
export const textArray = arrayOf(text);
/** JSON texts as jsonb[]. */
export const jsonbArray = arrayOf(jsonb);
/** UUIDs as uuid[]. */
export const uuidArray = arrayOf(uuid);
/** Integers of 32 bits as int4[]. */
export const int4Array = arrayOf(int4);
/** Whole numbers as int8[]. */
export const int8Array = arrayOf(int8);
/** Truth values as bool[]. */
export const boolArray = arrayOf(bool);
export const byteaArray = arrayOf(bytea);
/** Epoch ms as timestamptz[]. */
export const timestamptzArray = arrayOf(timestamptz);

/** Null and undefined become NULL. */
function arrayOf<T>(element: Element<T>): (values: readonly (T | null | undefined)[]) => Buffer {
  return (values) => {
    const sizes = values.map((value) => (value == null ? 0 : element.bytes(value)));
    const hasNull = values.some((value) => value == null);
    const isEmpty = values.length === 0;
    // Uninitialised memory is safe here: the sizes say that every byte is written.
    const into = Buffer.allocUnsafe(isEmpty ? 12 : sizes.reduce((sum, size) => sum + size + 4, HEADER_BYTES));
    into.writeInt32BE(isEmpty ? 0 : 1, 0); // dimensions
    into.writeInt32BE(hasNull ? 1 : 0, 4);
    into.writeInt32BE(element.oid, 8);
    if (isEmpty) return into;
    into.writeInt32BE(values.length, 12);
    into.writeInt32BE(1, 16); // the first subscript
    let at = HEADER_BYTES;
    values.forEach((value, i) => {
      const size = sizes[i] ?? 0;
      at = into.writeInt32BE(value == null ? -1 : size, at);
      if (value != null) element.write(value, into, at);
      at += size;
    });
    return into;
  };
}
