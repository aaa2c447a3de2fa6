import { activityInfo, cancellationSignal } from '@temporalio/activity';
import { v4 as uuidv4 } from 'uuid';
import { afterFailure, isThrottle } from '../src/domain/webhooks';
import { openSecrets, type WebhookEndpoint } from '../src/ledger/webhook-endpoints';
import {
  closeDrain,
  disableEndpoint,
  moveReplay,
  noteFailure,
  openDrain,
  queuedPage,
  replayPage,
  scheduleRetry,
  settleQueued,
  stayBackedOff,
  type Drain,
  type QueuedEvent,
} from '../src/ledger/webhook-queue';
import { UnsealError } from '../src/runtime/secret-box';
import { webhookIdOf } from '../src/webhooks/standard-body';
import { type DrainResult, type WebhookActivities } from '../workflows/contract';
import { callEndpoint, type CallFailure } from './webhooks/call-endpoint';
import { createCallBuilder, type BuiltCall } from './webhooks/build-call';
import { CallFault } from './webhooks/call-fault';
import { createHandOn } from './webhooks/hand-on';
import { type Dependencies } from './dependencies';
import { whileBeating } from './heartbeat';

/** A drain gives its slot back after this long, so that many endpoints share the slots fairly; a call under way finishes. */
const DRAIN_MS = 10_000;
const PAGE = 100;
/** How often a subscription in its backoff is looked through for what is for messages' own URLs. */
const HAND_ON_EVERY_MS = 30_000;

/**
 * One drain of an endpoint: what it is owed goes out in order, one call an event, each taken out of the queue by its own
 * statement. A crash in between repeats at most one call, with the same id. The first failure ends the drain; what is for
 * messages' own URLs does not wait behind it.
 */
export function createDeliverWebhooks(deps: Dependencies): WebhookActivities['deliverWebhooks'] {
  const { db, log } = deps;
  const buildCall = createCallBuilder(deps);
  const handOn = createHandOn(deps);

  return ({ endpointId }) => {
    return whileBeating<DrainResult>(async () => {
      const drain = await openDrain(db, endpointId, leaseOf());
      if (!drain) return { type: 'ended', why: 'deleted' };
      if (drain.endpoint.status !== 'active') return { type: 'ended', why: 'disabled' };
      // A repeated try: the answer of an earlier one got lost, and not what it wrote down. One failure is one step of the schedule.
      const staysOff = handOn.concerns(drain.endpoint) || activityInfo().attempt > 1;
      return drain.backoffMs > 0 && staysOff ? waitOn(drain) : run(drain);
    });
  };

  /** Its backoff goes on; what is for messages' own URLs does not wait for that. */
  async function waitOn(drain: Drain): Promise<DrainResult> {
    const { endpoint, backoffMs } = drain;
    const lookMs = lookAfter(endpoint, backoffMs, await handOn.round(endpoint));
    await stayBackedOff(db, drain, lookMs);
    return { type: 'failed', waitMs: Math.ceil(lookMs), version: endpoint.version };
  }

  async function run(drain: Drain): Promise<DrainResult> {
    const { endpoint } = drain;
    const { version } = endpoint;
    const endMs = Date.now() + DRAIN_MS;
    const send = sender(drain);
    let { replay } = drain;
    let after = 0;
    while (Date.now() < endMs) {
      if (replay) {
        const { events, through } = await replayPage(db, endpoint, replay, PAGE);
        for (const event of events) {
          const result = await send(event, (called) => moveReplay(db, drain, event.id, called));
          if (result) return result;
          if (Date.now() >= endMs) return { type: 'more', version };
        }
        if (!(await moveReplay(db, drain, through, false))) return { type: 'more', version };
        replay = through >= replay.until ? null : { ...replay, after: through };
        continue;
      }
      const events = await queuedPage(db, endpoint.id, after, PAGE);
      for (const event of events) {
        const result = await send(event, (called) => settleQueued(db, drain, event.id, called));
        if (result) return result;
        after = event.id;
        if (Date.now() >= endMs) return { type: 'more', version };
      }
      if (events.length === 0 && after === 0) {
        await closeDrain(db, drain);
        return { type: 'drained', version };
      }
      // A transaction that began earlier may have committed a lower number meanwhile: once more from the front.
      if (events.length === 0) after = 0;
    }
    return { type: 'more', version };
  }

  /** Sends one event; `done` writes that it went out. Undefined means: the next one, please. */
  function sender(drain: Drain) {
    const { version } = drain.endpoint;
    let secrets: readonly string[] | undefined;
    const build = async (event: QueuedEvent): Promise<BuiltCall> => {
      secrets ??= await secretsOf(drain);
      return buildCall(drain.endpoint, event, secrets);
    };
    return async (
      event: QueuedEvent,
      done: (called: boolean) => Promise<boolean>,
    ): Promise<DrainResult | undefined> => {
      const call = await build(event).catch(faultOf);
      if (call.type === 'none' || call.type === 'moved')
        return (await done(false)) ? undefined : { type: 'more', version };
      const startedAtMs = Date.now();
      const failure =
        call.type === 'call' ? await callEndpoint(deps.egress, call, cancellationSignal()) : call.failure;
      log.info({
        event: 'webhook.called',
        workspaceId: drain.endpoint.workspaceId,
        endpointId: drain.endpoint.id,
        webhookId: webhookIdOf(event),
        outcome: failure ? failure.text : 'taken',
        ms: Date.now() - startedAtMs,
      });
      if (failure) return afterwards(drain, event, failure, await handOn.round(drain.endpoint));
      return (await done(true)) ? undefined : { type: 'more', version };
    };
  }

  /** When its workflow is to look again. */
  function lookAfter(endpoint: WebhookEndpoint, backoffMs: number, allHandedOn: boolean): number {
    if (!handOn.concerns(endpoint)) return backoffMs;
    return allHandedOn ? Math.min(backoffMs, HAND_ON_EVERY_MS) : 0;
  }

  /** @throws CallFault where they do not open. A subscription's secret signs for the messages' own URLs under it. */
  async function secretsOf({ endpoint }: Drain): Promise<readonly string[]> {
    const owner = { workspaceId: endpoint.workspaceId, endpointId: endpoint.parentId ?? endpoint.id };
    try {
      return (await openSecrets(db, deps.secretBox, owner, Date.now())).map(({ secret }) => secret);
    } catch (cause) {
      if (!(cause instanceof UnsealError)) throw cause;
      throw new CallFault('The signing secret cannot be read any more: rotate it.', { cause });
    }
  }

  async function afterwards(
    drain: Drain,
    event: QueuedEvent,
    failure: CallFailure,
    allHandedOn: boolean,
  ): Promise<DrainResult> {
    const { version } = drain.endpoint;
    return db.transaction(async (tx): Promise<DrainResult> => {
      const noted = await noteFailure(tx, drain, {
        text: failure.text,
        countsAsStep: !isThrottle(failure),
        event,
      });
      if (!noted) return { type: 'more', version };
      const next = afterFailure({ ...failure, ...noted });
      if (next.type === 'disable') {
        // Its queue goes with it, so the next drain hands on the rest first.
        if (!allHandedOn) return { type: 'more', version };
        await disableEndpoint(tx, drain, next.reason);
        log.warn({ event: 'webhook.disabled', endpointId: drain.endpoint.id, reason: next.reason });
        return { type: 'ended', why: 'disabled' };
      }
      const lookMs = lookAfter(drain.endpoint, next.waitMs, allHandedOn);
      await scheduleRetry(tx, drain, next.waitMs, lookMs);
      return { type: 'failed', waitMs: Math.ceil(lookMs), version };
    });
  }
}

/** A call that cannot be made is not taken; what else went wrong is for another try of the activity. */
function faultOf(error: unknown): { type: 'fault'; failure: CallFailure } {
  if (!(error instanceof CallFault)) throw error;
  return { type: 'fault', failure: { status: undefined, retryAfterMs: undefined, text: error.message } };
}

/** Unique to this try of this activity: a try that the server gave up on is fenced off by the next. */
function leaseOf(): string {
  const { workflowExecution, activityId, attempt } = activityInfo();
  return `${workflowExecution?.runId ?? ''}/${activityId}/${attempt}/${uuidv4()}`;
}
