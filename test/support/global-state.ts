import { type ChildProcess } from 'node:child_process';
import { type ProcessSpec } from '../../src/runtime/embedded/process-spec';
import { type Watchdog } from '../../src/runtime/embedded/watchdog';

export type TestPostgres = { child: ChildProcess; spec: ProcessSpec; dataDir: string; watchdog: Watchdog };

const KEY = Symbol.for('volley.test.postgres');
type Holder = typeof globalThis & { [KEY]?: TestPostgres };

/** Jest loads setup and teardown as modules of their own; what they share lies on the one global object. */
export function keepForTeardown(postgres: TestPostgres): void {
  (globalThis as Holder)[KEY] = postgres;
}

export function keptForTeardown(): TestPostgres | undefined {
  return (globalThis as Holder)[KEY];
}
