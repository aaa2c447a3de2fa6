import { fetchAttachments, holdingFiles } from '../../../activities/delivery/attachments';
import { createBudget } from '../../../src/runtime/budget';
import { type FetchedFile } from '../../../src/providers/egress/fetch-file';
import { type Egress } from '../../../src/providers/egress/guarded-client';

const MB = 1024 * 1024;
const REFS = [{ url: 'https://files.example/a.pdf' }];

/** A server of files that answers when it is told to. */
function fileServer() {
  const asked: ((file: FetchedFile) => void)[] = [];
  const fetchFile = () => new Promise<FetchedFile>((resolve) => asked.push(resolve));
  const file = (bytes: number): FetchedFile => ({
    ok: true,
    content: Buffer.alloc(bytes),
    contentType: 'application/pdf',
  });
  return {
    egress: { fetchFile } as unknown as Egress,
    asked: () => asked.length,
    answer: (bytes: number) => asked.shift()?.(file(bytes)),
    fail: () =>
      asked.shift()?.({ ok: false, code: 'unavailable', message: 'It answered 503.', retryable: true }),
  };
}

/** Lets everything run that waits for nothing but its turn. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A delivery that fetches its file and then calls its provider until `end`. */
function delivery(server: ReturnType<typeof fileServer>, budget: ReturnType<typeof createBudget>) {
  let end: (error?: Error) => void = () => undefined;
  const called = new Promise<void>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve());
  });
  const done = holdingFiles(
    async (room) => {
      const files = await fetchAttachments(server.egress, REFS, room);
      await called;
      return files;
    },
    { budget, turnMs: 60_000 },
  );
  return { done, end };
}

test('no more files are under way than the budget has room for, and the next one begins when a delivery ends', async () => {
  const server = fileServer();
  const budget = createBudget(20 * MB);
  const [first, second, third] = [1, 2, 3].map(() => delivery(server, budget));
  await settle();
  expect(server.asked()).toBe(2);
  server.answer(10 * MB);
  server.answer(10 * MB);
  await settle();
  expect(server.asked()).toBe(0);
  first!.end();
  await first!.done;
  await settle();
  expect(server.asked()).toBe(1);
  server.answer(1);
  for (const each of [second, third]) each!.end();
  expect((await third!.done).ok).toBe(true);
});

test.each([
  ['a file that turns out small', (server: ReturnType<typeof fileServer>) => server.answer(1)],
  ['a file that cannot be had', (server: ReturnType<typeof fileServer>) => server.fail()],
])('%s holds no more than it has', async (_, answer) => {
  const server = fileServer();
  const budget = createBudget(11 * MB);
  const first = delivery(server, budget);
  const second = delivery(server, budget);
  await settle();
  expect(server.asked()).toBe(1);
  answer(server);
  await settle();
  expect(server.asked()).toBe(1);
  server.answer(1);
  for (const { end, done } of [first, second]) {
    end();
    await done;
  }
});

test('a delivery that ends badly gives its room back', async () => {
  const server = fileServer();
  const budget = createBudget(10 * MB);
  const first = delivery(server, budget);
  const second = delivery(server, budget);
  await settle();
  server.answer(10 * MB);
  await settle();
  first.end(new Error('the provider threw'));
  await expect(first.done).rejects.toThrow('threw');
  await settle();
  expect(server.asked()).toBe(1);
  server.answer(1);
  second.end();
  await second.done;
});

test('who wants more than there is in all gets its turn alone', async () => {
  const budget = createBudget(5);
  const small = await budget.take(1, 60_000);
  const large = budget.take(100, 60_000);
  const behind = budget.take(1, 60_000);
  small?.shrinkTo(0);
  const held = await large;
  expect(held).toBeDefined();
  held?.shrinkTo(0);
  expect(await behind).toBeDefined();
});

test('who has no turn in time is told to come later, asks for nothing, and lets the next one through', async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate'] });
  try {
    const server = fileServer();
    const budget = createBudget(10 * MB);
    const all = await budget.take(4 * MB, 1);
    const late = holdingFiles((room) => fetchAttachments(server.egress, REFS, room), {
      budget,
      turnMs: 1_000,
    });
    const small = budget.take(MB, 60_000);
    jest.advanceTimersByTime(1_000);
    expect(await late).toMatchObject({ ok: false, retryable: true });
    expect(server.asked()).toBe(0);
    expect(await small).toBeDefined();
    all?.shrinkTo(0);
  } finally {
    jest.useRealTimers();
  }
});

/** A server of files that answers the first and then drips until it is stopped. */
function drippingServer() {
  const asked: string[] = [];
  const fetchFile = (url: string, _room: number, signal?: AbortSignal) =>
    new Promise<FetchedFile>((resolve) => {
      asked.push(url);
      const stopped = { ok: false, code: 'unreachable', message: 'Stopped.', retryable: true } as const;
      if (asked.length === 1) resolve({ ok: true, content: Buffer.alloc(1), contentType: 'text/plain' });
      else signal?.addEventListener('abort', () => resolve(stopped));
    });
  return { egress: { fetchFile } as unknown as Egress, asked };
}
const THREE = ['a', 'b', 'c'].map((name) => ({ url: `https://files.example/${name}` }));

test('all files of a message have one time together; then it is told to come later, and its room is free', async () => {
  const { egress, asked } = drippingServer();
  const budget = createBudget(10 * MB);
  const files = await holdingFiles((room) => fetchAttachments(egress, THREE, room), { budget, totalMs: 50 });
  expect(files).toEqual({ ok: false, retryable: true, detail: 'The attachments took too long in all.' });
  expect(asked).toHaveLength(2);
  expect(await budget.take(10 * MB, 1)).toBeDefined();
});

test('an abort ends the fetching, and no further file is asked for', async () => {
  const { egress, asked } = drippingServer();
  const stop = new AbortController();
  const files = holdingFiles((room) => fetchAttachments(egress, THREE, room, stop.signal));
  await settle();
  expect(asked).toHaveLength(2);
  stop.abort();
  expect(await files).toMatchObject({ ok: false, retryable: true });
  expect(asked).toHaveLength(2);
});

/** What becomes of one small file. */
async function fetched(ref: { url: string; contentType?: string; filename?: string }) {
  const server = fileServer();
  const files = holdingFiles((room) => fetchAttachments(server.egress, [ref], room));
  await settle();
  server.answer(1);
  return (await files) as { attachments: readonly { filename: string; contentType: string }[] };
}

test.each([
  ['text/calendar; method=REQUEST', 'text/calendar'],
  ['text/csv', 'text/csv'],
  [' ; charset=utf-8', 'application/pdf'],
  [undefined, 'application/pdf'],
])(
  'a file given as %s is sent as %s: its type counts without parameters, else what its server says',
  async (contentType, sent) => {
    const ref = { url: 'https://files.example/a', ...(contentType === undefined ? {} : { contentType }) };
    expect((await fetched(ref)).attachments).toMatchObject([{ contentType: sent }]);
  },
);

test.each([
  ['Rechnung%20M%C3%A4rz.pdf', 'Rechnung März.pdf'],
  ['Rechnung März.pdf', 'Rechnung März.pdf'],
  ['a%0D%0AX-Evil:%201%2F..%5Cb%00.pdf', 'aX-Evil: 1..b.pdf'],
  ['invoice%E2%80%AEfdp.exe', 'invoicefdp.exe'],
  ['100%.pdf', '100%.pdf'],
  ['%FCber.pdf', '%FCber.pdf'],
  ['%20', 'attachment-1'],
])('a file at …/%s is named %s: decoded, and fit for a header', async (path, filename) => {
  const ref = { url: `https://files.example/x/${path}` };
  expect((await fetched(ref)).attachments).toMatchObject([{ filename }]);
});

test('outside of a delivery of its own no file is fetched: a group would wait for itself', async () => {
  const server = fileServer();
  expect(await fetchAttachments(server.egress, REFS, undefined)).toMatchObject({
    ok: false,
    retryable: true,
  });
  expect(server.asked()).toBe(0);
  expect(await fetchAttachments(server.egress, [], undefined)).toEqual({ ok: true, attachments: [] });
});
