import { Counter, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** What `deliver` reports; labels hold kinds and outcomes, never ids. */
export interface DeliveryMetrics {
  attempt(sample: { kind: string; outcome: string; ms: number }): void;
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** One registry a process, with Node's own metrics. */
export function createMetrics(process: string): { registry: Registry; delivery: DeliveryMetrics } {
  const registry = new Registry();
  registry.setDefaultLabels({ process });
  collectDefaultMetrics({ register: registry });
  const attempts = new Counter({
    name: 'volley_attempts_total',
    help: 'Calls to providers, by kind of channel and outcome.',
    labelNames: ['kind', 'outcome'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'volley_attempt_seconds',
    help: 'Duration of calls to providers.',
    labelNames: ['kind'],
    buckets: SECONDS,
    registers: [registry],
  });
  return {
    registry,
    delivery: {
      attempt({ kind, outcome, ms }) {
        attempts.inc({ kind, outcome });
        seconds.observe({ kind }, ms / 1_000);
      },
    },
  };
}
