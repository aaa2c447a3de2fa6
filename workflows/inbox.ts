import { CancellationScope, defineSignal, setHandler, workflowInfo } from '@temporalio/workflow';
import { ledger } from './activities';
import { type SIGNALS, type ChangedSignal, type Command, type IngestUsersSignal, type JobInput } from './contract';

type Maybe = Partial<ChangedSignal> | undefined;

/**
 * What a job's workflow is told. A versioned signal means "look": lost, late, repeated and reordered ones are harmless.
 * One without a version (web UI, another workflow, a Cancel in the web UI) is a command: kept in order, applied to the
 * ledger before anything else. Handlers only note; the main loop acts.
 */
export interface Inbox {
  /** The newest ledger version that anyone has told of. */
  wanted(): number;
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
  let wanted = input.carried?.observed ?? 0;
  let received = 0;
  const note = (command: Command): void => {
    received += 1;
    queue.push({ command, id: `${workflowInfo().runId}/${received}` });
  };
  const look = (version: number): void => {
    received += 1;
    wanted = Math.max(wanted, version);
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
        else look(wanted + 1);
      });
    }
  }
  // A Cancel request, wherever it comes from, is the command cancel: the ledger decides what that ends.
  CancellationScope.current().cancelRequested.catch(() => note({ type: 'cancel' }));

  return {
    wanted: () => wanted,
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
        wanted += 1;
      }
    },
  };
}
