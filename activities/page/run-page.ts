import { type DeliverResult, type PageResult } from '../../workflows/contract';
import { createTally } from '../../src/domain/shard-tally';
import { loadJobContext } from '../../src/ledger/page-contexts';
import { type PageClaim } from '../../src/ledger/page-shards';
import { type Dependencies } from '../dependencies';
import { type Attempts } from '../delivery/attempt';
import { type Call } from '../delivery/call';
import { type Run } from '../delivery/run';
import { type GroupBeginner } from './begin-group';
import { createBell } from './bell';
import { type Item } from './item';
import { type Slots } from './slots';
import { createSource } from './source';

/**
 * Messages for which a claim is worth its price at once; with fewer free slots than that, and more to begin, it waits for others to
 * come free, but not for long: a claim costs 0.7 ms, and then 0.05 a message.
 */
const FULL_GROUP = 40;
const GATHER_MS = 10;

export interface PageTools {
  readonly group: GroupBeginner;
  readonly call: (call: Call) => Promise<DeliverResult>;
  readonly attempts: Attempts;
  readonly slots: Slots;
}

/**
 * Delivers one page shard: a loop begins as many messages as there are free slots, each message has its slot until its outcome
 * is committed, so never more than `pageCalls` of a shard are in doubt. What has to wait longer than the rules keep is parked.
 * Ends when nothing is left, when it may begin nothing more, or when `stopped`; calls under way always end first.
 */
export async function runPage(
  deps: Dependencies,
  tools: PageTools,
  page: PageClaim,
  run: Run,
  stopped: () => boolean,
): Promise<PageResult> {
  const job = await loadJobContext(deps.db, page.jobId);
  const { workspaceId } = job;
  const source = createSource(deps.db, page, (items) => tools.group.makeReady(job, items));
  const tally = createTally();
  const bell = createBell();
  const endMs = Date.now() + deps.rules.pageTimeMs;
  let inFlight = 0;
  let halted = false;
  let failure: { readonly error: unknown } | undefined;

  const mayGoOn = (): boolean => !halted && !failure && !stopped() && Date.now() < endMs;

  /** One message in its slot, from here to the commit of what became of it. */
  function follow(item: Item, work: Promise<DeliverResult>): void {
    work
      .then((result) => {
        if (result.type === 'wait') source.later(item, result.waitMs);
        else tally.count(item.messageId, result);
        if (result.type === 'left' && result.why === 'paused') halted = true;
      })
      .catch((error: unknown) => (failure = { error }))
      .finally(() => {
        inFlight -= 1;
        tools.slots.giveBack(workspaceId);
        bell.ring();
      });
  }

  async function begin(items: readonly Item[]): Promise<void> {
    const group = await tools.group.begin(run, job, items).catch((error: unknown) => {
      for (const _ of items) freeSlot();
      throw error;
    });
    if (group.halted) halted = true;
    for (const { messageId, attemptId, passing, begun } of group.begun) {
      const { message, prepared } = passing;
      const call: Call = {
        ...{ run, jobKind: job.jobKind, messageId, attemptId, message, begun },
        ...{ ready: prepared, kept: true },
      };
      const again = { ...message, state: 'waiting' as const };
      follow({ messageId, again, passing: { ...passing, message: again } }, tools.call(call));
    }
    for (const messageId of group.alone) {
      follow({ messageId }, tools.attempts.deliver(run, job.jobKind, messageId));
    }
    if (group.limited.length > 0) source.holdFresh(group.limited, group.limitedForMs);
    for (let rest = items.length - group.begun.length - group.alone.length; rest > 0; rest -= 1) freeSlot();
  }

  function freeSlot(): void {
    inFlight -= 1;
    tools.slots.giveBack(workspaceId);
  }

  async function startAll(): Promise<void> {
    let gatherUntilMs: number | undefined;
    while (mayGoOn()) {
      await source.fill();
      const room = Math.min(source.ready(), deps.rules.pageCalls - inFlight);
      if (room <= 0) {
        const nextMs = source.nextMs();
        if (inFlight === 0 && nextMs === null) return;
        await bell.wait(inFlight < deps.rules.pageCalls ? nextMs : null);
        continue;
      }
      if (room < FULL_GROUP && room < source.ready() && inFlight > 0) {
        gatherUntilMs ??= Date.now() + GATHER_MS;
        const restMs = gatherUntilMs - Date.now();
        if (restMs > 0) {
          await bell.wait(restMs);
          continue;
        }
      }
      gatherUntilMs = undefined;
      const granted = await tools.slots.take(workspaceId, room);
      inFlight += granted;
      const items = source.take(granted);
      for (let spare = granted - items.length; spare > 0; spare -= 1) freeSlot();
      if (items.length > 0) await begin(items);
    }
  }

  try {
    await startAll();
  } catch (error) {
    failure ??= { error };
  }
  while (inFlight > 0) await bell.wait(null);
  if (failure) throw failure.error;
  return tally.result();
}
