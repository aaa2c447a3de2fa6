import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { auditRun } from './audit';
import { type Contestant } from './contestants';
import { figuresOf, type RunFigures } from './measure/figures';
import { startMeter } from './measure/meter';
import { type Place } from './program';
import { type Runtime } from './runtime';
import { type Services } from './services/services';
import { openSession, type Session } from './session';
import { type Sink } from './sink/control';

/**
 * Before it is measured, a contestant delivers some: code is compiled, connections and caches are there, as they are in a service
 * that has run for a while. Node compiles on for some ten thousand recipients (measured: 0.28 CPU seconds of a worker per 1,000 in
 * the first ten thousand, 0.17 after them); where each recipient is a workflow, more of the same code runs for each, and 500 take
 * seconds (11.5 CPU seconds of a worker per 1,000 after 100 of them, 10.5 after 1,000).
 */
const WARM_UP_RECIPIENTS = 10_000;
const WARM_UP_WORKFLOWS = 500;
/** Ten recipients a second is the slowest that is of interest. */
const SLOWEST_MS_PER_RECIPIENT = 100;
const LEAST_TIMEOUT_MS = 120_000;

export interface Arena {
  readonly runtime: Runtime;
  readonly services: Services;
  readonly sink: Sink;
  /** For logs, and for what contestants keep in files. */
  readonly dir: string;
}

export interface OpenContestant {
  readonly contestant: Contestant;
  readonly session: Session;
  readonly pids: readonly number[];
}

/** Starts a contestant and lets it warm up. @throws Skipped or Error with the reason why it cannot take part. */
export async function openContestant(
  arena: Arena,
  contestant: Contestant,
  round: number,
): Promise<OpenContestant> {
  const { services } = arena;
  const dir = join(mkdtempSync(join(arena.dir, `${contestant.name}-`)), 'data');
  mkdirSync(dir);
  const needs = (name: string): boolean => contestant.needs.some((each) => each === name);
  const place: Place = {
    sinkUrl: arena.sink.url,
    dir,
    ...(needs('postgres') ? { databaseUrl: await databaseFor(services, contestant) } : {}),
    ...(needs('redis') ? { redisPort: (await services.redis()).port } : {}),
    ...(needs('temporal') ? { temporalAddress: (await services.temporal()).address } : {}),
    ...(contestant.variant === undefined ? {} : { variant: contestant.variant }),
  };
  const log = join(arena.dir, `${contestant.name}.log`);
  const session = await openSession(arena.runtime, contestant.file, place, log);
  const open = { contestant, session, pids: [session.pid, ...(await services.pids(contestant.needs))] };
  try {
    const warmUp = contestant.mostRecipients === undefined ? WARM_UP_RECIPIENTS : WARM_UP_WORKFLOWS;
    await measureRun(arena, open, `warm${round}`, warmUp);
    return open;
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** One measured and audited run. @throws Error when it did not end, or its audit found a fault: then it has no figure. */
export async function measureRun(
  arena: Arena,
  { contestant, session, pids }: OpenContestant,
  run: string,
  n: number,
): Promise<RunFigures> {
  await arena.sink.reset();
  const store = contestant.needs.length === 0 ? undefined : () => arena.services.storeBytes(contestant.needs);
  const meter = await startMeter(pids, store);
  const ended = session.run(run, n, Math.max(LEAST_TIMEOUT_MS, n * SLOWEST_MS_PER_RECIPIENT));
  const usage = await ended.then(meter.stop, meter.stop);
  const marks = await ended;
  const states = await session.states(run);
  const sink = await arena.sink.dump();
  if (contestant.sends === false) {
    const done = Object.keys(states).length;
    if (done !== n) throw new Error(`the audit failed: ${done} of ${n} ended`);
    return figuresOf({ n, marks, usage, sink });
  }
  const audit = auditRun(run, n, states, sink);
  if (audit.faults.length > 0) throw new Error(`the audit failed: ${audit.faults.join(', ')}`);
  return figuresOf({ n, marks, usage, sink, audit });
}

async function databaseFor(services: Services, contestant: Contestant): Promise<string> {
  return (await services.postgres()).freshDatabase(`bench_${contestant.name.replaceAll('-', '_')}`);
}
