import { listen } from '../../src/cli/listen';
import { SEEDED_API_KEY, SEEDED_CHANNEL_ID } from '../../src/service/seed-workspace';
import { eventually } from '../support/eventually';
import { SEEDED_WORKSPACE_ID, startTestStack, type TestStack } from '../support/stack';

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack();
}, 120_000);
afterAll(() => stack?.close(), 60_000);

test('on the running product, listen prints the life of a batch as it happens, the end of the job last', async () => {
  const lines: string[] = [];
  const listening = await listen({
    ...{ port: '0', api: stack.api, key: SEEDED_API_KEY },
    print: (line) => lines.push(line),
  });
  const path = `/workspaces/${SEEDED_WORKSPACE_ID}/channels/${SEEDED_CHANNEL_ID}/batch/messages`;
  const messageRequests = ['+31612345678', '+31687654321'].map((identifierValue) => ({
    body: { type: 'text', text: { text: 'Hello' } },
    receiver: { contacts: [{ identifierValue }] },
  }));
  const { status, body } = await stack.call('POST', path, { messageRequests });
  expect(status).toBe(202);
  await eventually('the job is told of as completed', async () =>
    lines.some((line) => line.includes('job.completed')),
  );
  await listening.close();
  expect(lines[0]).toContain('job.created');
  expect(lines.at(-1)).toMatch(new RegExp(`job\\.completed.*job ${body.id}`));
  for (const { id } of body.messages as { id: string }[])
    expect(lines.filter((line) => line.includes(`message ${id}`)).map((line) => line.split(/ +/)[1])).toEqual(
      expect.arrayContaining(['message.accepted', 'message.sending', 'message.sent']),
    );
  expect(lines.filter((line) => line.includes('refused'))).toEqual([]);
});
