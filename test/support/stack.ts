import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStack, type Stack } from '../../src/runtime/embedded/stack';
import { embeddedEnvironment } from '../../src/cli/environment';
import { runMigrate } from '../../src/cli/processes';
import { SEEDED_API_KEY, SEEDED_WORKSPACE_ID } from '../../src/service/seed-workspace';

const ROOT = join(__dirname, '../..');

export interface TestStack {
  readonly stack: Stack;
  readonly dataDir: string;
  readonly api: string;
  /** One call as the seeded workspace; JSON in, JSON out. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** The pid in `<data dir>/run/<name>.pid`. */
  pid(name: 'api' | 'worker' | 'postgres' | 'temporal'): number;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test reads whatever came
  readonly body: any;
}

/** The whole product as `npm start` has it, in a directory and on ports of its own: real processes to be killed. */
export async function startTestStack(env: Record<string, string> = {}): Promise<TestStack> {
  const dataDir = mkdtempSync(join(tmpdir(), 'volley-e2e-'));
  const base = { ...process.env, VOLLEY_LOG_LEVEL: 'info', ...env };
  const stack = await startStack({
    dataDir,
    apiPort: 0,
    postgresPort: 0,
    temporalPort: 0,
    temporalUiPort: 0,
    namespace: 'default',
    commandFor: (name) => ({
      command: process.execPath,
      args: ['--import', 'tsx', join(ROOT, 'src/cli.ts'), name],
    }),
    startProcesses: true,
    baseEnv: embeddedEnvironment(base, { dataDir }),
    migrate: async (stackEnv) => void (await runMigrate(stackEnv)),
    handleSignals: false,
  });
  const api = stack.urls.api;
  return {
    stack,
    dataDir,
    api,
    async call(method, path, body, headers = {}) {
      const response = await fetch(`${api}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${SEEDED_API_KEY}`,
          'content-type': 'application/json',
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        body: text === '' ? undefined : JSON.parse(text),
      };
    },
    pid: (name) => Number(readFileSync(join(dataDir, 'run', `${name}.pid`), 'utf8').trim()),
    async close() {
      await stack.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export { SEEDED_WORKSPACE_ID };
