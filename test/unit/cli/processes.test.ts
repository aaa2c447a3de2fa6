import { join } from 'node:path';
import { eventually } from '../../support/eventually';
import { runProcess, runVolley, type RunningProcess } from './run-process';

const SRC = join(__dirname, '../../../src');

let running: RunningProcess;
afterEach(() => running.child.kill('SIGKILL'));

test('a second Ctrl-C, as npm sends it, ends nobody before he has finished', async () => {
  const program = `
    const { stopRequested } = require(${JSON.stringify(join(SRC, 'cli/stop-requested.ts'))});
    process.on('message', () => process.exit(7));
    stopRequested().then(() => console.log('stopping'));
    console.log('listening');`;
  running = runProcess({}, '-e', program);
  const { child, text, ended } = running;
  await eventually('it listens', async () => text().includes('listening'));
  child.kill('SIGINT');
  await eventually('it has begun to stop', async () => text().includes('stopping'));
  child.kill('SIGINT');
  child.kill('SIGTERM');
  child.send('finish');
  expect(await ended).toBe(7);
});

test('a worker that waits for Temporal ends with whoever supervises it', async () => {
  running = runVolley(
    {
      VOLLEY_SUPERVISED: '1',
      DATABASE_URL: 'postgres://u:p@127.0.0.1:1/x',
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      VOLLEY_ENCRYPTION_KEY: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
    },
    'worker',
  );
  const { child, text, ended } = running;
  await eventually('it waits', async () => text().includes('temporal.unreachable'));
  child.disconnect();
  expect(await ended).toBe('SIGTERM');
});
