import { type Db } from '../../src/ledger/database';
import { pageMessages, type PageShard } from '../../src/ledger/page-shards';
import { type Item } from './item';
import { createWeighed } from './weighed';

/** Messages read at a time, with whom they are for; the next ones are asked for when so many are left. */
const PAGE = 250;
const LOW = 100;
/**
 * Made ready at a time, as soon as fewer than twice that are: ahead of their slots, so that a slot is held for the claim and the
 * call alone. No more than is begun within moments, since what is ready holds every word that will be said.
 */
const READY = 50;
/**
 * JSON that is read at a time, made ready at a time, and held of each, at most, but for one message: people may have 256 KB each, which takes
 * several times that in memory, and several pages share a process.
 */
const BYTES = 2_000_000;

/** What of a shard is still to be begun: its messages in order, and those whose next attempt is due soon. */
export interface Source {
  /** Reads on and makes ready when little is left, and waits for that only when nothing is. */
  fill(): Promise<void>;
  /** Up to `most` of what may be begun now: first what is due again, which has waited; then fresh ones. */
  take(most: number): Item[];
  /** How many could be taken now. */
  ready(): number;
  /** In ms, when there will be something to take; null when all is taken. */
  nextMs(): number | null;
  later(item: Item, inMs: number): void;
  /** Back to the front; none of the fresh ones is taken before. */
  holdFresh(items: readonly Item[], forMs: number): void;
}

/** @param makeReady asks the gates and renders; gives all of them back, in order. */
export function createSource(
  db: Db,
  shard: PageShard,
  makeReady: (items: readonly Item[]) => Promise<readonly Item[]>,
): Source {
  const unready = createWeighed();
  const fresh = createWeighed();
  /** By when they are due. */
  const waiting: { item: Item; atMs: number }[] = [];
  let after = -1;
  let exhausted = false;
  let freshAtMs = 0;
  let filling: Promise<void> | undefined;
  let failure: Error | undefined;

  const dueCount = (nowMs: number): number => {
    const first = waiting.findIndex(({ atMs }) => atMs > nowMs);
    return first < 0 ? waiting.length : first;
  };

  function later(item: Item, inMs: number): void {
    const atMs = Date.now() + inMs;
    const place = waiting.findIndex((other) => other.atMs > atMs);
    waiting.splice(place < 0 ? waiting.length : place, 0, { item, atMs });
  }

  function throwIfFailed(): void {
    if (failure) throw failure;
  }

  async function read(): Promise<void> {
    const { messages, more } = await pageMessages(db, shard, after, { messages: PAGE, bytes: BYTES });
    after = messages.at(-1)?.ordinal ?? after;
    exhausted = !more;
    for (const { messageId, fresh: spec, bytes, inMs } of messages) {
      if (spec) unready.push([{ messageId, bytes, fresh: spec }]);
      else later({ messageId }, inMs);
    }
  }

  async function readOn(): Promise<void> {
    if (!exhausted && unready.count() <= LOW && unready.bytes() <= BYTES / 2) await read();
    const next = unready.take(READY, BYTES);
    if (next.length > 0) fresh.push(await makeReady(next));
  }

  return {
    async fill() {
      throwIfFailed();
      if (fresh.count() >= 2 * READY || fresh.bytes() >= BYTES || (exhausted && unready.count() === 0))
        return;
      filling ??= readOn()
        .catch((error: Error) => (failure = error))
        .then(() => (filling = undefined));
      if (fresh.count() === 0 && dueCount(Date.now()) === 0) await filling;
      throwIfFailed();
    },
    take(most) {
      const nowMs = Date.now();
      const due = waiting.splice(0, Math.min(most, dueCount(nowMs))).map(({ item }) => item);
      return nowMs < freshAtMs ? due : [...due, ...fresh.take(most - due.length)];
    },
    ready() {
      const nowMs = Date.now();
      return dueCount(nowMs) + (nowMs < freshAtMs ? 0 : fresh.count());
    },
    nextMs() {
      const allTaken = fresh.count() === 0 && unready.count() === 0 && exhausted && !filling;
      const times = [...(waiting[0] ? [waiting[0].atMs] : []), ...(allTaken ? [] : [freshAtMs])];
      return times.length === 0 ? null : Math.max(0, Math.min(...times) - Date.now());
    },
    later,
    holdFresh(items, forMs) {
      fresh.unshift(items);
      freshAtMs = Date.now() + forMs;
    },
  };
}
