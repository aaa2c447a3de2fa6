/**
 * The side of a contestant's own process. A program opens its connections, then runs one audience after another and tells, from
 * what it keeps durably, how each recipient ended. It is asked by IPC, one question at a time.
 */
import { z } from 'zod';
import { audience, type FinalState, type Marks, type Recipient } from './contract';

const placeSchema = z.object({
  sinkUrl: z.string(),
  /** An empty database of its own, for those that ask for one. */
  databaseUrl: z.string().optional(),
  redisPort: z.int().optional(),
  temporalAddress: z.string().optional(),
  /** A fresh directory, removed afterwards. */
  dir: z.string(),
  /** What tells two contestants in one program apart, such as the lane. */
  variant: z.string().optional(),
});
export type Place = z.output<typeof placeSchema>;

const questionSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('open'), place: placeSchema }),
  z.object({ type: z.literal('run'), run: z.string(), n: z.int() }),
  z.object({ type: z.literal('states'), run: z.string() }),
  z.object({ type: z.literal('close') }),
]);
export type Question = z.output<typeof questionSchema>;

export interface Program {
  /** Hands the audience over and waits until every recipient is in a final state. */
  run(recipients: readonly Recipient[], run: string): Promise<Marks>;
  /** How each recipient of a run ended, by its id, read back from where the program keeps it. */
  states(run: string): Promise<Record<string, FinalState>>;
  close(): Promise<void>;
}

/** Serves one program until it is closed or the harness is gone. */
export function serveProgram(open: (place: Place) => Promise<Program>): void {
  let program: Program | undefined;
  const answer = async (question: Question): Promise<unknown> => {
    if (question.type === 'open') {
      program = await open(question.place);
      return {};
    }
    if (program === undefined) throw new Error('not open');
    if (question.type === 'run') return program.run(audience(question.run, question.n), question.run);
    if (question.type === 'states') return program.states(question.run);
    await program.close();
    return {};
  };
  process.on('message', (raw) => {
    const question = questionSchema.parse(raw);
    void answer(question).then(
      (value) => process.send?.({ ok: true, value }),
      (error: unknown) => process.send?.({ ok: false, message: textOf(error) }),
    );
  });
  process.once('disconnect', () => {
    // The harness is gone: what this program started goes with it.
    void Promise.resolve(program?.close()).finally(() => process.exit(0));
  });
}

export function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the harness gave no ${what}`);
  return value;
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : ` (${textOf(error.cause)})`;
  return `${error.message || error.name}${cause}`;
}
