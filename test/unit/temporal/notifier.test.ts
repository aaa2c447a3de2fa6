import { type Client } from '@temporalio/client';
import { createLog } from '../../../src/runtime/log';
import { type Nudge } from '../../../src/ledger/outbox';
import { createNotifier } from '../../../src/temporal/notifier';
import { SIGNALS, workflowIds, type ChangedSignal } from '../../../workflows/contract';
import { TEST_SETTINGS } from '../../support/engine';

const A = '019aa000-0000-7000-8000-00000000000a';
const B = '019aa000-0000-7000-8000-00000000000b';
const command = (jobId: string, version: number): Nudge => ({
  jobId,
  workspaceId: 'w',
  kind: 'bulk',
  version,
});
const nudge = (jobId: string, version: number): Nudge => ({ ...command(jobId, version), mayWait: true });

interface Sent {
  readonly workflowId: string;
  readonly signal: string;
  readonly signalArgs: readonly [ChangedSignal];
}

function createStand() {
  const sent: Sent[] = [];
  const client = {
    withDeadline: (_deadline: number, work: () => Promise<unknown>) => work(),
    workflow: { signalWithStart: async (_workflow: string, options: Sent) => void sent.push(options) },
  } as unknown as Client;
  const notifier = createNotifier({ client, settings: TEST_SETTINGS, log: createLog('silent', 'api') });
  const versions = (jobId: string) =>
    sent
      .filter(
        ({ workflowId, signal }) =>
          workflowId === workflowIds.job('bulk', jobId) && signal === SIGNALS.changed,
      )
      .map(({ signalArgs }) => signalArgs[0].version);
  return { notifier, versions };
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('under a flood a job is told at once, then once a second, and last of all its newest version', () => {
  const { notifier, versions } = createStand();
  for (let version = 1; version <= 300; version += 1) {
    notifier.look(nudge(A, version));
    jest.advanceTimersByTime(10); // 100 ingestions a second for three seconds
  }
  jest.advanceTimersByTime(1_000);
  // Said at 0 ms, and at 1,000, 2,000 and 3,000 what was newest just before.
  expect(versions(A)).toEqual([1, 100, 200, 300]);
  jest.advanceTimersByTime(60_000);
  expect(versions(A)).toHaveLength(4);
});

test('a flood on one job keeps no other waiting', () => {
  const { notifier, versions } = createStand();
  for (let version = 1; version <= 50; version += 1) notifier.look(nudge(A, version));
  notifier.look(nudge(B, 1));
  expect(versions(B)).toEqual([1]);
});

test('a command is told at once, also right after an ingestion, and takes with it what waited', () => {
  const { notifier, versions } = createStand();
  notifier.look(nudge(A, 1));
  notifier.look(nudge(A, 2));
  notifier.look(command(A, 3));
  expect(versions(A)).toEqual([1, 3]);
  jest.advanceTimersByTime(60_000);
  expect(versions(A)).toEqual([1, 3]);
});

test('closing says at once what was still to be said', () => {
  const { notifier, versions } = createStand();
  notifier.look(nudge(A, 1));
  notifier.look(nudge(A, 2));
  notifier.look(nudge(A, 3));
  notifier.close();
  expect(versions(A)).toEqual([1, 3]);
});
