import { type Audit } from '../audit';
import { type Marks } from '../contract';
import { type SinkDump } from '../sink/control';
import { type Usage } from './meter';

/** What one audited run came to. Times in ms, memory and store in bytes. */
export interface RunFigures {
  readonly n: number;
  readonly wallMs: number;
  readonly perSecond: number;
  /** Of the first nine tenths that the sink took: what a contestant's own waits before a repetition do not touch. */
  readonly perSecondTo90?: number;
  readonly submitMs: number;
  /** From the moment that sending was allowed; undefined where nothing is sent, as are the three after it. */
  readonly firstSendMs?: number;
  /** From the begin of the submission to the sink's acceptance. */
  readonly p50Ms?: number;
  readonly p95Ms?: number;
  readonly p99Ms?: number;
  readonly cpuSecondsPer1000: number;
  readonly peakBytes: number;
  readonly storeBytesPerRecipient?: number;
  readonly audit?: Audit;
}

export function figuresOf(run: {
  n: number;
  marks: Marks;
  usage: Usage;
  sink: SinkDump;
  audit?: Audit;
}): RunFigures {
  const { n, marks, usage, sink } = run;
  const wallMs = marks.end - marks.submit;
  const latencies = Object.values(sink.recipients)
    .filter(({ accepted }) => accepted > 0)
    .map(({ acceptedAtMs }) => acceptedAtMs - marks.submit)
    .sort((a, b) => a - b);
  const sent = latencies.length > 0;
  return {
    n,
    wallMs,
    perSecond: (n / wallMs) * 1_000,
    submitMs: marks.submitted - marks.submit,
    ...(sent
      ? {
          perSecondTo90: (latencies.length * 0.9 * 1_000) / percentile(latencies, 90),
          firstSendMs: sink.firstCallMs - marks.released,
          p50Ms: percentile(latencies, 50),
          p95Ms: percentile(latencies, 95),
          p99Ms: percentile(latencies, 99),
        }
      : {}),
    cpuSecondsPer1000: (usage.cpuSeconds / n) * 1_000,
    peakBytes: usage.peakBytes,
    ...(usage.storeBytes === undefined ? {} : { storeBytesPerRecipient: usage.storeBytes / n }),
    ...(run.audit === undefined ? {} : { audit: run.audit }),
  };
}

/** Nearest rank, of values in ascending order. */
function percentile(sorted: readonly number[], p: number): number {
  return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** Of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[sorted.length / 2 - 1] ?? Number.NaN)) / 2;
}
