import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { ATTEMPT_MARGIN_MS } from '../../src/domain/retry';
import { wordsOf } from '../../src/ledger/outputs';
import { claimPage, type GroupBegun, type GroupClaim } from '../../src/ledger/page-claims';
import { type Refusal } from '../../src/ledger/attempts';
import { sqlStateOf } from '../../src/ledger/sql-state';
import { factKeysOf, wishesOf, type FactsInput } from '../../src/ledger/gate-facts';
import { freshContext, readGroupFacts, type JobContext } from '../../src/ledger/page-contexts';
import { type Dependencies } from '../dependencies';
import { judge } from '../delivery/gates';
import { prepare, type Preparers } from '../delivery/prepare';
import { routesOf } from '../delivery/routes';
import { type Run } from '../delivery/run';
import { type Item, type Passing } from './item';

const NOTHING_BEGUN = { begun: [], limited: [], limitedForMs: 0 } as const;
/** What the gates saw is asked anew after this long: quiet hours begin, and a window closes, at their minute. */
const FRESH_FOR_MS = 2_000;
/** Tokens come one by one; a claim for each would cost more than it sends. Half of what the bucket holds. */
const MIN_TOKEN_WAIT_MS = 50;
/** Of a UUID. */
const ID_BYTES = 16;

/** An attempt that was begun: its call may be made. */
export interface BegunCall {
  readonly messageId: string;
  readonly attemptId: string;
  readonly begun: GroupBegun;
  /** As the claim found it. */
  readonly passing: Passing;
}

export interface GroupBeginner {
  /**
   * Asks the gates about messages and renders what they say, before they have a slot. Gives all of them back, in order: ready, or to
   * go alone.
   */
  makeReady(job: JobContext, items: readonly Item[]): Promise<Item[]>;
  begin(run: Run, job: JobContext, items: readonly Item[]): Promise<BegunGroup>;
}

export interface BegunGroup {
  readonly begun: readonly BegunCall[];
  /** Not to be begun in a group: a gate's no, a cap, files, a fault in it, or something changed. Each goes its own way. */
  readonly alone: readonly string[];
  /** Without a token: to be begun after so many ms. */
  readonly limited: readonly Item[];
  readonly limitedForMs: number;
  /** Nothing of this shard may be begun any more. */
  readonly halted?: Refusal;
}

/**
 * Begins attempts of a group: what is not ready yet is made so, then one claim for all. A message that anything stands in the way of
 * is left to the way that each message can go alone.
 */
export function createGroupBeginner(deps: Dependencies, by: Preparers): GroupBeginner {
  const { db } = deps;

  return {
    async makeReady(job, items) {
      const passing = await letPass(job, items);
      return items.map((item): Item => {
        const one = passing.get(item.messageId);
        return one ? { ...item, passing: one } : { ...item, alone: true };
      });
    },
    async begin(run, job, items) {
      // Seen a moment ago, for most of them, and by now a person or an address may have changed: then once more, by what is so now.
      const group =
        (await beginOnce(run, job, items, Date.now() - FRESH_FOR_MS)) ??
        (await beginOnce(run, job, items, Infinity));
      return group ?? { ...NOTHING_BEGUN, alone: items.map(({ messageId }) => messageId) };
    },
  };

  /** What was made ready after `seenAfterMs` is not asked again. @returns undefined where facts have changed since. */
  async function beginOnce(
    run: Run,
    job: JobContext,
    items: readonly Item[],
    seenAfterMs: number,
  ): Promise<BegunGroup | undefined> {
    const passing = new Map<string, Passing>();
    for (const { messageId, passing: one } of items) {
      if (one && one.atMs > seenAfterMs) passing.set(messageId, one);
    }
    const unknown = items.filter((item) => !item.alone && !passing.has(item.messageId));
    for (const [id, one] of await letPass(job, unknown)) passing.set(id, one);
    const alone = items.flatMap(({ messageId }) => (passing.has(messageId) ? [] : [messageId]));
    return claim(run, items, passing, alone);
  }

  async function letPass(job: JobContext, items: readonly Item[]): Promise<Map<string, Passing>> {
    const candidates = items.flatMap(({ messageId, fresh, again }) => {
      const message = again ?? (fresh && freshContext(job, fresh));
      if (!message) return [];
      const routing = message.spec.faults?.length ? undefined : routesOf(message, deps.providers);
      if (!routing?.ok || wishesOf(message).capFrequency === true) return [];
      const first = message.route;
      const input: FactsInput = { messageId, message, routes: routing.routes.slice(first), first };
      return [{ input, keys: factKeysOf(input), routes: routing.routes }];
    });
    const facts = await readGroupFacts(db, candidates);
    const atMs = Date.now();
    const passed = await Promise.all(
      candidates.map(async ({ input, routes }, place) => {
        const sealed = facts[place];
        const gates = sealed && judge(input.message, routes, sealed);
        if (!gates || gates.stopped || !gates.seal || gates.seal.dropped.length > 0) return undefined;
        const preparation = await prepare(deps, by, input.messageId, gates);
        if (preparation.type !== 'ready') return undefined;
        const { prepared } = preparation;
        return [input.messageId, { message: gates.message, prepared, seal: gates.seal, atMs }] as const;
      }),
    );
    return new Map(passed.filter((one) => one !== undefined));
  }

  async function claim(
    run: Run,
    items: readonly Item[],
    passing: ReadonlyMap<string, Passing>,
    alone: readonly string[],
  ): Promise<BegunGroup | undefined> {
    if (!run.page || passing.size === 0) return { ...NOTHING_BEGUN, alone };
    const newId = drawIds(2 * passing.size);
    const group = [...passing].map(([messageId, one]) => ({ ...claimOf(messageId, one, newId), one }));
    const answer = await claimPage(db, run.page, group, {
      owner: run.owner,
      marginMs: ATTEMPT_MARGIN_MS,
    }).catch(unlessData);
    if (answer === 'data') return { ...NOTHING_BEGUN, alone: [...alone, ...passing.keys()] };
    if (answer.refused === 'facts_changed') return undefined;
    if (answer.refused) return { ...NOTHING_BEGUN, alone: [], halted: answer.refused };
    const refused = [...answer.notBegun].map(([messageId, no]) => ({ ...no, messageId }));
    const limited = refused.filter((no) => no.refused === 'rate_limited');
    const isLimited = new Set(limited.map(({ messageId }) => messageId));
    return {
      begun: group.flatMap(({ messageId, attemptId, one }) => {
        const begun = answer.begun.get(messageId);
        if (!begun) return [];
        const { attempts, sinceFirstAttemptMs } = begun;
        const message = { ...one.message, attempts, sinceFirstAttemptMs };
        return [{ messageId, attemptId, begun, passing: { ...one, message } }];
      }),
      alone: [
        ...alone,
        ...refused.filter((no) => no.refused !== 'rate_limited').map(({ messageId }) => messageId),
      ],
      limited: items
        .filter(({ messageId }) => isLimited.has(messageId))
        .map((item) => ({ ...item, passing: passing.get(item.messageId) as Passing })),
      limitedForMs: Math.max(MIN_TOKEN_WAIT_MS, ...limited.map(({ waitMs }) => waitMs)),
    };
  }
}

/**
 * Postgres does not store every string (class 22: a NUL that a template makes). One message's words are not worth its group: alone,
 * a message is sent all the same.
 */
function unlessData(error: unknown): 'data' {
  if (sqlStateOf(error).startsWith('22')) return 'data';
  throw error;
}

/** Ids from one draw of random bytes: a draw for each costs more than all else about them (5 us). */
function drawIds(n: number): () => string {
  const random = randomBytes(n * ID_BYTES);
  let drawn = 0;
  return () => uuidv7({ random: random.subarray(drawn, (drawn += ID_BYTES)) });
}

function claimOf(messageId: string, { message, prepared, seal }: Passing, newId: () => string): GroupClaim {
  const { route, opened } = prepared;
  return {
    ...{ messageId, deliveryId: newId(), attemptId: newId() },
    route: message.route,
    channelId: route.channelId,
    kind: opened.channel.kind,
    provider: opened.provider.name,
    timeoutMs: opened.provider.totalTimeoutMs,
    seal,
    words: wordsOf(prepared.rendered),
  };
}
