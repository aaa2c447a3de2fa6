import { CancellationScope, defineSignal, setHandler, workflowInfo } from '@temporalio/workflow';
import { ledger } from './activities';
import {
  type SIGNALS,
  type ChangedSignal,
  type Command,
  type IngestUsersSignal,
  type JobInput,
} from './contract';

type Maybe = Partial<ChangedSignal> | undefined;

/**
 * What a job's workflow is told. A versioned signal means "look": lost, late, repeated and reordered ones are harmless.
 * One without a version (web UI, another workflow, a Cancel in the web UI) is a command: kept in order, applied to the
 * ledger before anything else. Handlers only note; the main loop acts.
 */
export interface Inbox {
  /** Rises with each reason to look: a version not yet seen, a command applied, a `changed` that names no version. */
  reasons(): number;
  /** The version that the last look found: what tells of it, or of an older one, is no reason any more. */
  saw(version: number): void;
  /** True when a command waits to be applied. */
  hasCommands(): boolean;
  /** Commands not yet applied, to be carried into the next run. */
  commands(): readonly Command[];
  signalCount(): number;
  /** Applies the waiting commands to the ledger, oldest first. */
  apply(): Promise<void>;
}

export function openInbox(input: JobInput, signals: readonly (keyof typeof SIGNALS)[]): Inbox {
  const queue: { command: Command; id: string }[] = [];
  let seen = input.carried?.observed ?? 0;
  let reasons = 0;
  let received = 0;
  const note = (command: Command): void => {
    received += 1;
    queue.push({ command, id: `${workflowInfo().runId}/${received}` });
  };
  const look = (version = seen + 1): void => {
    received += 1;
    if (version > seen) reasons += 1;
  };
  for (const command of input.carried?.commands ?? []) note(command);

  for (const name of signals) {
    if (name === 'ingestUsers') {
      setHandler(defineSignal<[IngestUsersSignal]>(name), (given) => {
        note({
          type: 'ingestUsers',
          users: Array.isArray(given?.users) ? given.users : [],
          ...(typeof given?.ingestionId === 'string' ? { ingestionId: given.ingestionId } : {}),
        });
      });
    } else {
      setHandler(defineSignal<[Maybe]>(name), (given) => {
        if (typeof given?.version === 'number') look(given.version);
        else if (name !== 'changed') note({ type: name });
        else look();
      });
    }
  }
  // A Cancel request, wherever it comes from, is the command cancel: the ledger decides what that ends.
  CancellationScope.current().cancelRequested.catch(() => note({ type: 'cancel' }));

  return {
    reasons: () => reasons,
    saw(version) {
      seen = version;
    },
    hasCommands: () => queue.length > 0,
    commands: () => queue.map(({ command }) => command),
    signalCount: () => received,
    async apply() {
      for (let next = queue[0]; next; next = queue[0]) {
        await ledger.applyCommand({
          v: 1,
          jobId: input.jobId,
          workspaceId: input.workspaceId,
          command: next.command,
          commandId: next.id,
        });
        queue.shift();
        reasons += 1;
      }
    },
  };
}
