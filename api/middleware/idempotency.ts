import { VolleyError } from '../../src/domain/errors';
import { type Tx } from '../../src/ledger/database';
import {
  findAnswer,
  keepAnswer,
  tryHold,
  type IdempotencyScope,
  type Retention,
} from '../../src/ledger/idempotency';
import { type Call, type Reply } from '../route';
import { parseExpiration } from './idempotency-expiration';

/** As long as a Stainless client goes on repeating by itself, with room to spare. */
export const IMPLICIT_MINUTES = 10;
/** Calls of the admin key belong to no workspace. */
const NO_WORKSPACE = '00000000-0000-0000-0000-000000000000';
const VISIBLE = /^[\x21-\x7e]{1,255}$/;
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;

export interface Plan {
  readonly scope: IdempotencyScope;
  readonly bodySha256: Buffer;
  readonly retention: Retention;
  /**
   * explicit: an Idempotency-Key. first: a call without one from a client that may repeat it by itself. repeat: such a
   * repetition. Two equal first calls are two calls; a repetition is the first one's answer.
   */
  readonly sort: 'explicit' | 'first' | 'repeat';
  /** When the call came, by this process's clock that never goes back, in ms. */
  readonly plannedAtMs: number;
  /** When this call's own answer was written; it is there if the transaction was committed. */
  keptAt?: string;
}

/**
 * Runs a command once for its idempotency key. Key row, body hash, answer and effect are one transaction (the caller's):
 * all are committed or none is. Only 2xx are kept.
 * Throws VolleyError: invalid_request, idempotency_in_progress (a twin is under way), idempotency_mismatch (same key,
 * other body), and whatever `work` throws.
 */
export async function runOnce(
  tx: Tx,
  plan: Plan | undefined,
  work: () => Promise<Reply>,
  keptOf: (body: unknown) => unknown = (body) => body,
): Promise<Reply> {
  if (!plan) return work();
  const kept = await claim(tx, plan);
  if (kept) return kept;
  const reply = await work();
  if (reply.status >= 200 && reply.status < 300) {
    const body = reply.body === undefined ? '' : JSON.stringify(keptOf(reply.body));
    plan.keptAt = await keepAnswer(
      tx,
      plan.scope,
      { bodySha256: plan.bodySha256, status: reply.status, body },
      plan.retention,
    );
  }
  return reply;
}

/** What the headers of a POST ask for; undefined where nothing is to be kept. */
export function planIdempotency(call: Call, bodySha256: Buffer): Plan | undefined {
  if (call.method !== 'POST') return undefined;
  const base = { workspaceId: call.workspaceId || NO_WORKSPACE, method: call.method, path: call.path };
  const plannedAtMs = performance.now();
  const key = givenKey(call);
  if (key !== undefined) {
    const until = parseExpiration(given(call, 'x-idempotency-expiration'));
    const retention = until === undefined ? {} : { until };
    return { scope: { ...base, key }, bodySha256, retention, plannedAtMs, sort: 'explicit' };
  }
  const retries = call.header('x-stainless-retry-count');
  if (retries === undefined) return undefined;
  // The space keeps this name apart from every explicit key, which cannot hold one.
  const implicit = `implicit ${call.apiKeyId} ${bodySha256.toString('hex')}`;
  return {
    scope: { ...base, key: implicit },
    bodySha256,
    plannedAtMs,
    retention: { minutes: IMPLICIT_MINUTES },
    sort: Number(retries) >= 1 ? 'repeat' : 'first',
  };
}

async function claim(tx: Tx, plan: Plan): Promise<Reply | undefined> {
  const held = await tryHold(tx, plan.scope, plan.sort === 'first' ? 'shared' : 'exclusive');
  if (plan.sort === 'first') return undefined;
  if (!held) {
    throw new VolleyError(
      'idempotency_in_progress',
      'The same call is still under way: repeat it in a second.',
      {
        retryAfterSeconds: 1,
      },
    );
  }
  const answer = await findAnswer(tx, plan.scope);
  if (!answer) return undefined;
  if (!answer.bodySha256.equals(plan.bodySha256)) {
    throw new VolleyError(
      'idempotency_mismatch',
      'This Idempotency-Key was used with another body: use a new key for a new call.',
    );
  }
  return {
    status: answer.status,
    headers: { 'Idempotent-Replayed': 'true' },
    ...(answer.body === '' ? {} : { body: JSON.parse(answer.body) as unknown }),
  };
}

/** The key, bare or as the IETF draft's quoted string. */
function givenKey(call: Call): string | undefined {
  const raw = given(call, 'idempotency-key');
  if (raw === undefined) return undefined;
  const quoted = QUOTED.exec(raw)?.[1]?.replace(/\\(["\\])/g, '$1');
  const key = quoted ?? raw;
  if (VISIBLE.test(key)) return key;
  throw new VolleyError('invalid_request', 'An Idempotency-Key is 1 to 255 visible ASCII characters.', {
    details: [
      { at: 'header.Idempotency-Key', problem: 'must be 1 to 255 visible ASCII characters, without spaces' },
    ],
  });
}

/** Older SDKs write the word `undefined` where nothing was given: as a key it would make strangers' calls one. */
function given(call: Call, name: string): string | undefined {
  const value = call.header(name);
  return value === 'undefined' ? undefined : value;
}
