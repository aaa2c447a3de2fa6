import { audience, type FinalState } from './contract';
import { type SinkDump } from './sink/control';
import { fateOf } from './sink/failures';

export interface Audit {
  readonly sent: number;
  readonly failed: number;
  /** In no final state, or said to be sent and never taken by the sink. */
  readonly lost: number;
  /** Acceptances beyond the first of a recipient, whatever key they came with. */
  readonly duplicates: number;
  /** Taken by the sink and said to have failed, or a stranger. */
  readonly wrong: number;
  /** Recipients that took more than one call. */
  readonly retried: number;
  /** Nothing when the run counts. */
  readonly faults: readonly string[];
}

/**
 * Holds what a contestant says of each recipient against what the sink counted, and against what the sink was going to do. A run
 * with a fault has no figure.
 */
export function auditRun(run: string, n: number, states: Record<string, FinalState>, sink: SinkDump): Audit {
  const counts = { sent: 0, failed: 0, lost: 0, duplicates: 0, wrong: 0, retried: 0 };
  const expected = new Set(audience(run, n).map(({ id }) => id));
  for (const id of expected) {
    const state = states[id];
    const seen = sink.recipients[id];
    const accepted = seen?.accepted ?? 0;
    if (state === 'sent') counts.sent += 1;
    if (state === 'failed') counts.failed += 1;
    if (state === undefined || (state === 'sent' && accepted === 0)) counts.lost += 1;
    // Nobody may give up on a recipient that the sink takes at the third call at the latest.
    if (state === 'failed' && fateOf(id) !== 'refused-for-ever') counts.wrong += 1;
    counts.duplicates += Math.max(0, accepted - 1);
    if ((seen?.calls ?? 0) > 1) counts.retried += 1;
  }
  counts.wrong += Object.keys(sink.recipients).filter((id) => !expected.has(id)).length;
  return { ...counts, faults: faultsOf(n, counts) };
}

function faultsOf(n: number, counts: Omit<Audit, 'faults'>): string[] {
  const faults: string[] = [];
  if (counts.sent + counts.failed !== n)
    faults.push(`sent ${counts.sent} + failed ${counts.failed} is not ${n}`);
  if (counts.lost > 0) faults.push(`lost ${counts.lost}`);
  if (counts.duplicates > 0) faults.push(`duplicates ${counts.duplicates}`);
  if (counts.wrong > 0) faults.push(`wrong ${counts.wrong}`);
  return faults;
}
