import { type Db } from '../../src/ledger/database';
import { pageMessages, type PageShard } from '../../src/ledger/page-shards';
import { type Item } from './item';

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
  const unready: Item[] = [];
  const fresh: Item[] = [];
  let unreadyBytes = 0;
  let freshBytes = 0;
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
      if (!spec) {
        later({ messageId }, inMs);
        continue;
      }
      unready.push({ messageId, bytes, fresh: spec });
      unreadyBytes += bytes;
    }
  }

  /** As many as are made ready at a time. */
  function takeUnready(): Item[] {
    let count = 0;
    let bytes = 0;
    for (const item of unready) {
      if (count === READY || (count > 0 && bytes + weightOf(item) > BYTES)) break;
      count += 1;
      bytes += weightOf(item);
    }
    unreadyBytes -= bytes;
    return unready.splice(0, count);
  }

  function takeFresh(most: number): Item[] {
    const taken = fresh.splice(0, most);
    for (const item of taken) freshBytes -= weightOf(item);
    return taken;
  }

  function weigh(items: readonly Item[]): void {
    for (const item of items) freshBytes += weightOf(item);
  }

  async function readOn(): Promise<void> {
    if (!exhausted && unready.length <= LOW && unreadyBytes <= BYTES / 2) await read();
    const next = takeUnready();
    if (next.length === 0) return;
    const ready = await makeReady(next);
    weigh(ready);
    fresh.push(...ready);
  }

  return {
    async fill() {
      throwIfFailed();
      if (fresh.length >= 2 * READY || freshBytes >= BYTES || (exhausted && unready.length === 0)) return;
      filling ??= readOn()
        .catch((error: Error) => (failure = error))
        .then(() => (filling = undefined));
      if (fresh.length === 0 && dueCount(Date.now()) === 0) await filling;
      throwIfFailed();
    },
    take(most) {
      const nowMs = Date.now();
      const due = waiting.splice(0, Math.min(most, dueCount(nowMs))).map(({ item }) => item);
      return nowMs < freshAtMs ? due : [...due, ...takeFresh(most - due.length)];
    },
    ready() {
      const nowMs = Date.now();
      return dueCount(nowMs) + (nowMs < freshAtMs ? 0 : fresh.length);
    },
    nextMs() {
      const allTaken = fresh.length === 0 && unready.length === 0 && exhausted && !filling;
      const times = [...(waiting[0] ? [waiting[0].atMs] : []), ...(allTaken ? [] : [freshAtMs])];
      return times.length === 0 ? null : Math.max(0, Math.min(...times) - Date.now());
    },
    later,
    holdFresh(items, forMs) {
      weigh(items);
      fresh.unshift(...items);
      freshAtMs = Date.now() + forMs;
    },
  };
}

function weightOf(item: Item): number {
  return item.bytes ?? 0;
}
