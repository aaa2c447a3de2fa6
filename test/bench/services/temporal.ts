import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../../src/runtime/embedded/ports';
import { createSupervisor } from '../../../src/runtime/embedded/supervisor';
import { findTemporal } from '../../../src/runtime/embedded/temporal-binary';
import { temporalSpec } from '../../../src/runtime/embedded/temporal-server';
import { pidListeningAt } from '../measure/listening-pid';
import { writtenBytesOf } from '../measure/process-tree';

export interface BenchTemporal {
  readonly address: string;
  readonly pid: number;
  readonly description: string;
  /** Bytes that the server itself has written: of its SQLite file, nothing where its store is a Postgres. */
  writtenBytes(): number;
  close(): Promise<void>;
}

/**
 * One Temporal for all contestants that use one: the dev server exactly as `npm start` runs it, on a file; or the server at
 * TEMPORAL_ADDRESS, such as a cluster on the Postgres of BENCH_POSTGRES_URL for the durable class.
 */
export async function startTemporal(dir: string): Promise<BenchTemporal> {
  const given = process.env['TEMPORAL_ADDRESS'];
  if (given !== undefined && given !== '') {
    const pid = pidListeningAt(Number(given.split(':').at(-1)));
    const description = 'a Temporal server given by TEMPORAL_ADDRESS';
    return {
      address: given,
      pid,
      description,
      writtenBytes: () => writtenBytesOf([pid]),
      close: async () => undefined,
    };
  }
  const dataDir = join(dir, 'data');
  mkdirSync(dataDir, { recursive: true });
  const port = await freePort();
  const spec = temporalSpec(await findTemporal('temporal', process.env, (line) => console.error(line)), {
    port,
    uiPort: undefined,
    namespace: 'default',
    dbFile: join(dataDir, 'temporal.db'),
    codecEndpoint: undefined,
  });
  const supervisor = createSupervisor({
    runDir: join(dataDir, 'run'),
    logDir: join(dataDir, 'logs'),
    readyTimeoutMs: 60_000,
    onEvent: () => undefined,
  });
  await supervisor.start(spec);
  const pid = supervisor.pids().temporal ?? 0;
  return {
    address: `127.0.0.1:${port}`,
    pid,
    description: 'Temporal dev server, SQLite file with journal_mode=wal, synchronous=normal',
    writtenBytes: () => writtenBytesOf([pid]),
    close: () => supervisor.stop(),
  };
}
