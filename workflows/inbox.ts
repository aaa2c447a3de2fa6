import { CancellationScope, defineSignal, patched, setHandler, workflowInfo } from '@temporalio/workflow';
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
 * Bytes of JSON that a command, and what a run hands to the next, may have: the server refuses inputs over 2 MB, and ends the
 * run that tries (workflow task failed, for ever the same). Half of that leaves room for what goes with it.
 */
const MAX_BYTES = 1_000_000;

/**
 * Levels that a signalled user may have. Of what is deeper than 64 the ledger keeps nothing anyway (api/middleware/clean-json.ts); at some
 * 4,000 the stack ends that JSON is written with, and with it the workflow task, again and again.
 */
const MAX_LEVELS = 200;

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
  /** False while those are more than the input of a run can hold: some have to be applied first. */
  carriable(): boolean;
  /** True when this run has taken so many signals that it has to be renewed. */
  isFull(maxSignals: number): boolean;
  /**
   * Applies the waiting commands to the ledger, oldest first: all of them, but when the run may be renewed only until the rest
   * can be carried. Who signals faster than Postgres writes would keep a run busy until its history is too long.
   */
  apply(mayRenew?: () => boolean): Promise<void>;
}

export function openInbox(input: JobInput, signals: readonly (keyof typeof SIGNALS)[]): Inbox {
  const queue: { command: Command; id: string }[] = [];
  let seen = input.carried?.observed ?? 0;
  let reasons = 0;
  let signalled = 0;
  // Names commands, so it is never counted differently: a number used twice is a command taken for one applied before.
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
        signalled += 1;
        const command: IngestUsers = {
          type: 'ingestUsers',
          ...writable(Array.isArray(given?.users) ? given.users : []),
          ...(typeof given?.ingestionId === 'string' ? { ingestionId: given.ingestionId } : {}),
        };
        if (bytesOf(command) <= MAX_BYTES || !patched('split-ingestion')) note(command);
        else split(command).forEach(note);
      });
    } else {
      setHandler(defineSignal<[Maybe]>(name), (given) => {
        signalled += 1;
        if (typeof given?.version === 'number') look(given.version);
        else if (name !== 'changed') note({ type: name });
        else look();
      });
    }
  }
  // A Cancel request, wherever it comes from, is the command cancel: the ledger decides what that ends.
  CancellationScope.current().cancelRequested.catch(() => note({ type: 'cancel' }));

  const carriable = (): boolean => bytesOf(queue.map(({ command }) => command)) <= MAX_BYTES;

  return {
    reasons: () => reasons,
    saw(version) {
      seen = version;
    },
    hasCommands: () => queue.length > 0,
    commands: () => queue.map(({ command }) => command),
    carriable,
    // Runs begun before this patch count what an earlier one handed on, too.
    isFull: (max) => signalled >= max || (received >= max && !patched('own-signals')),
    async apply(mayRenew = () => false) {
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
        if (queue.length > 0 && mayRenew() && carriable() && patched('renew-in-backlog')) return;
      }
    },
  };
}

type IngestUsers = Extract<Command, { type: 'ingestUsers' }>;

/**
 * The users that can be handed on; applying the command tells of the others. Levels are counted, and writing is not tried: how much a
 * stack holds differs between workers, and a replay has to drop the same ones.
 */
function writable(users: readonly unknown[]): Pick<IngestUsers, 'users' | 'dropped'> {
  const kept = users.filter((user) => !nestsDeeper(user, MAX_LEVELS));
  const dropped = users.length - kept.length;
  return dropped === 0 || !patched('drop-nested-users') ? { users } : { users: kept, dropped };
}

function nestsDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((part) => nestsDeeper(part, levels - 1));
}

function bytesOf(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}

/**
 * The same users in commands that each fit into an activity's input. The first keeps the ingestionId, the others get one that
 * follows from it: the same signal again is split at the same places, and adds nobody.
 */
function split(command: IngestUsers): IngestUsers[] {
  const parts: unknown[][] = [];
  let bytes = MAX_BYTES;
  for (const user of command.users) {
    const size = bytesOf(user) + 1;
    if (bytes + size > MAX_BYTES) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(user);
    bytes += size;
  }
  const { ingestionId, dropped } = command;
  return parts.map((users, n) => ({
    type: 'ingestUsers',
    users,
    ...(n === 0 && dropped !== undefined ? { dropped } : {}),
    ...(ingestionId === undefined ? {} : { ingestionId: n === 0 ? ingestionId : `${ingestionId}/part-${n}` }),
  }));
}
