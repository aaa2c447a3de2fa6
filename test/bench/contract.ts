/**
 * What every contestant is asked for, and what counts as having done it. One file, so that a difference between two contestants
 * is a difference in what they are, not in what they were given.
 */
import { z } from 'zod';

export const CONTRACT = {
  /** Sends under way at once. */
  concurrency: 50,
  /** Of the JSON body that the sink receives, about. */
  payloadBytes: 600,
  /** Calls for one recipient before it is given up. */
  maxAttempts: 5,
  /** First wait before a repetition; where a contestant cannot have it, its notes say what it has. */
  backoffMs: 100,
  backoffFactor: 2,
  timeoutMs: 10_000,
} as const;

export interface Recipient {
  readonly id: string;
  readonly data: { readonly name: string; readonly filler: string };
}

export type FinalState = 'sent' | 'failed';

/** Moments of one run in ms on the machine's monotonic clock (see `nowMs`), which all its processes share. */
export const marksSchema = z.object({
  /** The audience begins to be handed over. */
  submit: z.number(),
  /** All of it has been taken: from here on nothing is lost. */
  submitted: z.number(),
  /** Sending is allowed: `run` for a job, the begin of the submission for a queue. */
  released: z.number(),
  /** The last recipient is in a final state. */
  end: z.number(),
});
export type Marks = z.output<typeof marksSchema>;

export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** The same recipients for every contestant of a round, so that the same ones are refused by the sink. */
export function audience(run: string, n: number): Recipient[] {
  return Array.from({ length: n }, (_, i) => recipientAt(run, i));
}

/** One of them, for audiences that are too large to be held. */
export function recipientAt(run: string, i: number): Recipient {
  const id = `${run}-${String(i).padStart(6, '0')}`;
  return { id, data: { name: `Recipient ${i}`, filler: fillerFor(id) } };
}

/** What the sink is sent for a recipient by whoever builds the body itself; Volley's `webhook` provider builds its own. */
export function bodyFor(recipient: Recipient): string {
  return JSON.stringify({ recipient, content: { title: 'Hi', text: `Hello ${recipient.data.name}` } });
}

function fillerFor(id: string): string {
  const rest = CONTRACT.payloadBytes - 130 - id.length;
  return 'abcdefghijklmnop'.repeat(Math.ceil(rest / 16)).slice(0, rest);
}

/** Waits before the call after `attempts` calls, in ms. */
export function backoffMs(attempts: number): number {
  return CONTRACT.backoffMs * CONTRACT.backoffFactor ** (attempts - 1);
}
