import { createBudget, type Hold } from '../../../src/runtime/budget';

const LONG_MS = 60_000;

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** Who waits, by name, and who was served or sent away, in that order. */
function queueOf(budget: ReturnType<typeof createBudget>) {
  const ends: string[] = [];
  const holds = new Map<string, Hold>();
  const take = (name: string, amount: number, more: { waitMs?: number; signal?: AbortSignal } = {}): void => {
    void budget.take(amount, more.waitMs ?? LONG_MS, more.signal).then((hold) => {
      ends.push(`${name} ${hold ? 'has it' : 'goes'}`);
      if (hold) holds.set(name, hold);
    });
  };
  /** All that ended since the last look. */
  const ended = async (): Promise<string[]> => {
    await jest.advanceTimersByTimeAsync(0);
    return ends.splice(0);
  };
  return { take, ended, end: (name: string) => holds.get(name)?.shrinkTo(0) };
}

test('who finds enough free has it at once; who does not waits in order of arrival', async () => {
  const { take, ended, end } = queueOf(createBudget(10));
  take('a', 6);
  take('b', 6);
  // There would be room for it, but it would be passed over by the small ones for ever otherwise.
  take('c', 2);
  expect(await ended()).toEqual(['a has it']);
  end('a');
  expect(await ended()).toEqual(['b has it', 'c has it']);
});

test('what a hold gives back serves the next, and no hold gives back twice or takes more', async () => {
  const budget = createBudget(10);
  const { take, ended, end } = queueOf(budget);
  const hold = await budget.take(10, LONG_MS);
  take('b', 4);
  take('c', 4);
  hold?.shrinkTo(6);
  expect(await ended()).toEqual(['b has it']);
  for (const rest of [6, 8, 100]) hold?.shrinkTo(rest);
  expect(await ended()).toEqual([]);
  end('b');
  expect(await ended()).toEqual(['c has it']);
  for (const rest of [0, 0]) hold?.shrinkTo(rest);
  take('d', 6);
  take('e', 1);
  expect(await ended()).toEqual(['d has it']);
});

test('who wants more than there is has all there is, once it is free', async () => {
  const { take, ended, end } = queueOf(createBudget(10));
  take('a', 1);
  take('large', 1_000);
  expect(await ended()).toEqual(['a has it']);
  end('a');
  expect(await ended()).toEqual(['large has it']);
});

test('who waits at the head in vain goes after its time, and those behind it are served', async () => {
  const { take, ended } = queueOf(createBudget(10));
  take('a', 6);
  take('head', 6, { waitMs: 1_000 });
  take('b', 4);
  await jest.advanceTimersByTimeAsync(999);
  expect(await ended()).toEqual(['a has it']);
  await jest.advanceTimersByTimeAsync(1);
  expect(await ended()).toEqual(['head goes', 'b has it']);
});

test('who aborts goes, and those behind it are served; who has it already keeps it', async () => {
  const { take, ended, end } = queueOf(createBudget(10));
  const [first, head] = [new AbortController(), new AbortController()];
  take('a', 6, first);
  take('head', 6, head);
  take('b', 4);
  take('c', 6);
  expect(await ended()).toEqual(['a has it']);
  first.abort();
  head.abort();
  expect(await ended()).toEqual(['head goes', 'b has it']);
  end('a');
  expect(await ended()).toEqual(['c has it']);
});

test('who comes aborted goes at once, though there is room', async () => {
  const { take, ended } = queueOf(createBudget(10));
  take('a', 1, { signal: AbortSignal.abort() });
  expect(await ended()).toEqual(['a goes']);
});

test('a closed budget sends away who waits and who comes, and leaves no timer behind', async () => {
  const budget = createBudget(10);
  const { take, ended, end } = queueOf(budget);
  take('a', 10);
  take('b', 1);
  take('c', 1);
  budget.close();
  take('d', 1);
  // Who comes is sent away within the same turn, and so before those whose promise the close settles.
  expect((await ended()).sort()).toEqual(['a has it', 'b goes', 'c goes', 'd goes']);
  end('a');
  expect(await ended()).toEqual([]);
  expect(jest.getTimerCount()).toBe(0);
});
