/**
 * One UUIDv7 per thing. Courier's form of it is `1-` + the first 8 hex digits + `-` + the other 24, so that both forms
 * lead to the same row without a look-up.
 */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const COURIER = /^1-([0-9a-f]{8})-([0-9a-f]{24})$/i;

/** True for any UUID, of whatever version: ids that callers give need not be version 7. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** `0190…-…` to `1-0190abcd-…`. The argument must be a UUID. */
export function toCourierId(uuid: string): string {
  const hex = uuid.replaceAll('-', '').toLowerCase();
  return `1-${hex.slice(0, 8)}-${hex.slice(8)}`;
}

/** The UUID behind a Courier id, or behind a UUID itself; undefined for anything else (which names nothing: 404). */
export function fromCourierId(text: string): string | undefined {
  if (isUuid(text)) return text.toLowerCase();
  const match = COURIER.exec(text);
  if (!match) return undefined;
  const hex = `${match[1]}${match[2]}`.toLowerCase();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
