import { v7 as uuidv7 } from 'uuid';

/** A job of the corpus: what the SQL of `fill.ts` is told about it. */
export interface CorpusJob {
  readonly id: string;
  readonly workspaceId: string;
  /** 0 to 19, the oldest first: names its event and template, seeds its dice. */
  readonly place: number;
  readonly kind: 'bulk' | 'batch';
  readonly phase: 'open' | 'running' | 'settled';
  readonly archived: boolean;
  readonly size: number;
  /** How long ago it was created. */
  readonly ageHours: number;
  readonly channelId: string | null;
}

type Outline = readonly [share: number, phase: CorpusJob['phase'], archived?: 'archived'];

/**
 * Shares of all messages, in thousandths, the oldest job first. Each workspace ends in what makes a listing walk: a large request
 * that was archived, one that still runs, and, the newest of all, a large job that is being filled and shows nothing yet.
 */
const FIRST: readonly Outline[] = [
  ...[160, 90, 70, 50, 40, 30, 20, 20, 10].map((share): Outline => [share, 'settled']),
  [60, 'settled', 'archived'],
  [50, 'running'],
  [100, 'open'],
];
/** Batches are larger here than the 100 that a call may have: their number is not what is measured. */
const SECOND: readonly Outline[] = [
  ...[120, 60, 40, 30, 20].map((share): Outline => [share, 'settled']),
  [10, 'settled', 'archived'],
  [10, 'running'],
  [10, 'settled'],
];

export interface CorpusWorkspaces {
  readonly courier: string;
  readonly bird: string;
  readonly birdChannel: string;
}

/** Twenty jobs over two workspaces: a Courier-style one with bulk jobs, a Bird-style one with batches of one channel. */
export function corpusJobs(messages: number, of: CorpusWorkspaces): readonly CorpusJob[] {
  const all = [
    ...FIRST.map((outline) => ({ outline, workspaceId: of.courier, kind: 'bulk' as const, channelId: null })),
    ...SECOND.map((outline) => ({
      outline,
      workspaceId: of.bird,
      kind: 'batch' as const,
      channelId: of.birdChannel,
    })),
  ];
  return all.map(({ outline: [share, phase, archived], ...job }, place) => {
    const inWorkspace = job.kind === 'bulk' ? FIRST.length - place : SECOND.length - (place - FIRST.length);
    return {
      ...job,
      id: uuidv7({ msecs: Date.now() - inWorkspace * 72 * 3_600_000 }),
      place,
      phase,
      archived: archived !== undefined,
      size: Math.round((messages * share) / 1_000),
      ageHours: inWorkspace * 72,
    };
  });
}
