/**
 * Volley through its HTTP API, as a client sees it: a job is created, filled with 1,000 users a call, run, and asked for until it
 * says COMPLETED. Worker and API are processes of their own, as `npm start` has them, below this one. The variant is the lane.
 */
import { join } from 'node:path';
import { startStack } from '../../../src/runtime/embedded/stack';
import { embeddedEnvironment } from '../../../src/cli/environment';
import { runMigrate } from '../../../src/cli/processes';
import { SEEDED_WORKSPACE_ID } from '../../../src/service/seed-workspace';
import { nowMs } from '../contract';
import {
  addSinkChannel,
  CONTRACT_ENV,
  createCaller,
  createJob,
  fillJob,
  laneOf,
  POLL_MS,
  untilCompleted,
} from '../ours/client';
import { readStates } from '../ours/states';
import { required, serveProgram, type Place } from '../program';

const ROOT = join(__dirname, '../../..');

serveProgram(async (place) => {
  const lane = laneOf(required(place.variant, 'lane'));
  const stack = await startVolley(place);
  try {
    const call = createCaller(stack.urls.api);
    await addSinkChannel(call, SEEDED_WORKSPACE_ID, { url: place.sinkUrl });
    const jobs = new Map<string, string>();
    return {
      async run(recipients, run) {
        const submit = nowMs();
        const jobId = await createJob(call, lane);
        jobs.set(run, jobId);
        await fillJob(call, jobId, recipients);
        const submitted = nowMs();
        await call('POST', `/bulk/${jobId}/run`);
        const released = nowMs();
        await untilCompleted(call, jobId, Infinity, POLL_MS[lane]);
        return { submit, submitted, released, end: nowMs() };
      },
      states: (run) => readStates(required(place.databaseUrl, 'database'), run),
      close: () => stack.stop(),
    };
  } catch (error) {
    await stack.stop();
    throw error;
  }
});

function startVolley(place: Place) {
  const { dir } = place;
  const base = { ...process.env, ...CONTRACT_ENV };
  return startStack({
    dataDir: dir,
    ...{ apiPort: 0, postgresPort: 0, temporalPort: 0, temporalUiPort: 0, namespace: 'default' },
    databaseUrl: required(place.databaseUrl, 'database'),
    temporalAddress: required(place.temporalAddress, 'Temporal'),
    commandFor: (name) => ({
      command: process.execPath,
      args: [...process.execArgv, join(ROOT, 'src/cli.ts'), name],
    }),
    startProcesses: true,
    baseEnv: embeddedEnvironment(base, { dataDir: dir }),
    migrate: async (env) => void (await runMigrate(env)),
    handleSignals: false,
  });
}
