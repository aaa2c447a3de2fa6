import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isAlive } from '../runtime/embedded/process-life';
import { type Stack } from '../runtime/embedded/stack';

const schema = z.object({
  pid: z.int(),
  api: z.string(),
  databaseUrl: z.string(),
  temporalUi: z.string().optional(),
});

/** Where the parts of the embedded stack of a data directory are. `pid` is its supervisor's. */
export type RunningStack = z.output<typeof schema>;

const fileOf = (dataDir: string): string => join(dataDir, 'run', 'stack.json');

/** Leaves word for the other commands, whatever ports were picked. For the owner's eyes: the URL holds the password. */
export function noteRunningStack(dataDir: string, stack: Pick<Stack, 'urls' | 'env'>): void {
  const note: RunningStack = {
    pid: process.pid,
    api: stack.urls.api,
    databaseUrl: stack.env['DATABASE_URL'] ?? '',
    ...(stack.urls.temporalUi === undefined ? {} : { temporalUi: stack.urls.temporalUi }),
  };
  writeFileSync(fileOf(dataDir), `${JSON.stringify(note, undefined, 2)}\n`, { mode: 0o600 });
}

/** The stack that runs on a data directory now; undefined where none does. */
export function findRunningStack(dataDir: string): RunningStack | undefined {
  try {
    const note = schema.parse(JSON.parse(readFileSync(fileOf(dataDir), 'utf8')));
    return isAlive(note.pid) ? note : undefined;
  } catch {
    return undefined;
  }
}
