/**
 * The yardsticks: a parent that keeps `window` children going. What a child per recipient costs on this server, whoever writes it.
 * A window, because the server allows 2,000 pending children and advises 500.
 */
import { ActivityFailure, executeChild, proxyActivities } from '@temporalio/workflow';
import { type Recipient } from '../../contract';
import { type SendActivities } from './activities';

const { send, storeStates } = proxyActivities<SendActivities>({
  startToCloseTimeout: '15 seconds',
  retry: { initialInterval: '100 milliseconds', backoffCoefficient: 2, maximumAttempts: 5 },
});

export interface BareInput {
  readonly run: string;
  /** Of recipients; a page of an audience is handed to each parent, to stay below the size of one payload. */
  readonly page: readonly Recipient[];
  readonly window: number;
}

export async function bareParent(input: BareInput): Promise<void> {
  await windowed(input, (recipient) =>
    executeChild(bareChild, { workflowId: `bare-${recipient.id}`, args: [recipient] }),
  );
}

/** One activity, nothing else: what the design's 0.9 is measured against. */
export async function bareChild(recipient: Recipient): Promise<boolean> {
  try {
    await send(recipient);
    return true;
  } catch (error) {
    if (error instanceof ActivityFailure) return false;
    throw error;
  }
}

export async function noopParent(input: BareInput): Promise<void> {
  await windowed(input, ({ id }) => executeChild(noopChild, { workflowId: `noop-${id}` }));
}

/** Not even an activity: the least that a workflow per recipient can cost. */
export async function noopChild(): Promise<boolean> {
  return true;
}

/** Keeps the outcomes with one call a page, so that they can be read by id afterwards without a query per child. */
async function windowed(input: BareInput, child: (recipient: Recipient) => Promise<boolean>): Promise<void> {
  const states: Record<string, 'sent' | 'failed'> = {};
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let recipient = input.page[next++]; recipient !== undefined; recipient = input.page[next++]) {
      states[recipient.id] = (await child(recipient)) ? 'sent' : 'failed';
    }
  };
  await Promise.all(Array.from({ length: input.window }, lane));
  await storeStates(input.run, states);
}
