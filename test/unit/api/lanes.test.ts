import { createLanes } from '../../../api/middleware/lanes';

/** Work that ends when it is told to. */
function work() {
  let end: (error?: Error) => void = () => undefined;
  let begun = false;
  const ended = new Promise<void>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve());
  });
  const run = () => {
    begun = true;
    return ended;
  };
  return { run, end: (error?: Error) => end(error), begun: () => begun };
}
/** Lets everything run that waits for nothing but its turn. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('calls of a lane are begun two at a time in their order, also behind one that failed, and no lane holds up another', async () => {
  const lanes = createLanes({ turnMs: 60_000 });
  const calls = [1, 2, 3, 4].map(() => work());
  const done = calls.map(({ run }) => lanes.run('job', run));
  const other = work();
  const otherDone = lanes.run('another', other.run);
  await settle();
  expect(calls.map(({ begun }) => begun())).toEqual([true, true, false, false]);
  expect(other.begun()).toBe(true);
  calls[1]!.end(new Error('it broke'));
  await expect(done[1]).rejects.toThrow('it broke');
  await settle();
  expect(calls.map(({ begun }) => begun())).toEqual([true, true, true, false]);
  for (const each of [calls[0], calls[2], calls[3], other]) each!.end();
  await Promise.all([done[0], done[2], done[3], otherDone]);
});

test('a call whose turn does not come in time is unavailable, is not begun, and leaves its place to the next', async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate'] });
  try {
    const lanes = createLanes({ width: 1, turnMs: 1_000 });
    const [first, late, next] = [work(), work(), work()];
    const firstDone = lanes.run('job', first.run);
    const refused = lanes.run('job', late.run);
    jest.advanceTimersByTime(999);
    const nextDone = lanes.run('job', next.run);
    jest.advanceTimersByTime(1);
    await expect(refused).rejects.toMatchObject({ code: 'unavailable', retryAfterSeconds: 2 });
    first.end();
    await firstDone;
    await settle();
    expect([late.begun(), next.begun()]).toEqual([false, true]);
    next.end();
    await nextDone;
  } finally {
    jest.useRealTimers();
  }
});
