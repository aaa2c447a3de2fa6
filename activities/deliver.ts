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
  return ({ jobKind, messageId }) => {
    const { workflowExecution, activityId } = activityInfo();
    const owner = `${workflowExecution?.runId ?? ''}/${activityId}`;
    return whileBeating(() => attempts.deliver({ owner, signal: cancellationSignal() }, jobKind, messageId));
  };
}
