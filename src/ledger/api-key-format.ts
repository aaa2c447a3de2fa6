import { createHash, randomBytes } from 'node:crypto';

/**
 * A key is `vly_`, 256 random bits in URL-safe base64, and six characters of checksum: scanners for leaked secrets find
 * it by its shape, and a mistyped one is told apart from an unknown one without asking the ledger.
 */
const SHAPE = /^vly_[A-Za-z0-9_-]{49}$/;
const CHECKSUM_LENGTH = 6;
/** Enough to tell keys apart in a list, far too little to guess the rest. */
const SHOWN_LENGTH = 12;

export function generateApiKey(): string {
  const body = `vly_${randomBytes(32).toString('base64url')}`;
  return `${body}${checksum(body)}`;
}

/** False for what looks like a key of ours and cannot be one. Keys of another form (the seeded `abcd`) pass. */
export function isPlausibleApiKey(key: string): boolean {
  if (!key.startsWith('vly_')) return key.length > 0;
  return SHAPE.test(key) && checksum(key.slice(0, -CHECKSUM_LENGTH)) === key.slice(-CHECKSUM_LENGTH);
}

/** One that `generateApiKey` may have made; the seeded key, which everybody knows, is of another form. */
export function isGeneratedApiKey(key: string): boolean {
  return key.startsWith('vly_') && isPlausibleApiKey(key);
}

/** What the ledger keeps of a key. No salt and no slow hash: there is nothing to guess in 256 random bits. */
export function hashApiKey(key: string): Buffer {
  return createHash('sha256').update(key, 'utf8').digest();
}

/** The start of a key, to recognise it by. A short key (the seeded one) shows a quarter of itself at most. */
export function shownPrefix(key: string): string {
  return key.slice(0, Math.min(SHOWN_LENGTH, Math.floor(key.length / 4) || 1));
}

function checksum(body: string): string {
  return createHash('sha256')
    .update(`volley api key ${body}`, 'utf8')
    .digest('base64url')
    .slice(0, CHECKSUM_LENGTH);
}
