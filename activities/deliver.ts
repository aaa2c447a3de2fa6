import { activityInfo, cancellationSignal } from '@temporalio/activity';
import { type DeliverActivities } from '../workflows/contract';
import { type Dependencies } from './dependencies';
import { createAttempts } from './delivery/attempt';
import { finishAttempt } from './delivery/finish-attempt';
import { createPreparers } from './delivery/preparers';
import { whileBeating } from './heartbeat';

/** One attempt of one message (delivery/attempt.ts), for a workflow that has the message. */
export function createDeliver(deps: Dependencies): DeliverActivities['deliver'] {
  const attempts = createAttempts(deps, createPreparers(deps), (input) =>
    finishAttempt(deps.db, deps.rules, input),
  );
  return ({ jobKind, messageId, afterInPlace }) => {
    const { workflowExecution, activityId, isLocal } = activityInfo();
    // A run makes one attempt after the other, and what follows one in place may take over what it left open.
    const place = isLocal || afterInPlace ? 'in-place' : activityId;
    const owner = `${workflowExecution?.runId ?? ''}/${place}`;
    const attempt = () => attempts.deliver({ owner, signal: cancellationSignal() }, jobKind, messageId);
    // In place it is the workflow task that says that it is alive.
    return isLocal ? attempt() : whileBeating(attempt);
  };
}
