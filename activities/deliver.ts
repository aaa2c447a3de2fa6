import { setTimeout as sleep } from 'node:timers/promises';
import { activityInfo, cancellationSignal } from '@temporalio/activity';
import { type DeliverActivities, type DeliverResult } from '../workflows/contract';
import { type Dependencies } from './dependencies';
import { createAttempts, SHORT_WAIT_MS } from './delivery/attempt';
import { finishAttempt } from './delivery/finish-attempt';
import { persist } from './delivery/persist';
import { createPreparers } from './delivery/preparers';
import { whileBeating } from './heartbeat';

/** After this long in place the workflow goes on by itself: its task has 10 s, and signals reach it only when it is over. */
const PLACE_MS = 2_000;

/** One attempt of one message (delivery/attempt.ts), for a workflow that has the message; in place also those that soon follow it. */
export function createDeliver(deps: Dependencies): DeliverActivities['deliver'] {
  const attempts = createAttempts(deps, createPreparers(deps), (input) =>
    persist(() => finishAttempt(deps.db, deps.rules, input)),
  );
  return ({ jobKind, messageId, afterInPlace }) => {
    const { workflowExecution, activityId, isLocal } = activityInfo();
    // A run makes one attempt after the other, and what follows one in place may take over what it left open.
    const place = isLocal || afterInPlace ? 'in-place' : activityId;
    const owner = `${workflowExecution?.runId ?? ''}/${place}`;
    const run = { owner, signal: cancellationSignal() };
    const attempt = () => attempts.deliver(run, jobKind, messageId);
    // In place it is the workflow task that says that it is alive.
    return isLocal ? untilItWaits(attempt) : whileBeating(attempt);
  };
}

/** Each attempt asks the ledger for leave: a pause or cancel that came during a wait is met there. */
async function untilItWaits(attempt: () => Promise<DeliverResult>): Promise<DeliverResult> {
  const endMs = Date.now() + PLACE_MS;
  for (;;) {
    const result = await attempt();
    if (result.type !== 'wait' || result.waitMs > SHORT_WAIT_MS || Date.now() + result.waitMs > endMs)
      return result;
    await sleep(result.waitMs);
  }
}
