/**
 * What a good engineer writes in a day from the samples: the whole list in, a child for each, all at once, and the results out.
 * Retries are the SDK's defaults (from 1 s, doubled, for ever). It is right, and it ends where the server's limits are.
 */
import { ActivityFailure, ChildWorkflowFailure, executeChild, proxyActivities } from '@temporalio/workflow';
import { type Recipient } from '../../contract';
import { type SendActivities } from './activities';

const { send } = proxyActivities<Pick<SendActivities, 'send'>>({ startToCloseTimeout: '1 minute' });

export async function sendCampaign(
  recipients: readonly Recipient[],
): Promise<Record<string, 'sent' | 'failed'>> {
  const outcomes = await Promise.all(
    recipients.map(async (recipient) => {
      try {
        await executeChild(sendOne, { workflowId: `naive-${recipient.id}`, args: [recipient] });
        return [recipient.id, 'sent'] as const;
      } catch (error) {
        if (error instanceof ChildWorkflowFailure && error.cause instanceof ActivityFailure) {
          return [recipient.id, 'failed'] as const;
        }
        throw error;
      }
    }),
  );
  return Object.fromEntries(outcomes);
}

export async function sendOne(recipient: Recipient): Promise<void> {
  await send(recipient);
}
