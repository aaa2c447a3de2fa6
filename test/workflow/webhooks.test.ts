import { Webhook } from 'standardwebhooks';
import { startHttpSink, type HttpSink } from '../support/sinks/http-sink';
import { STANDARD_SECRET, startWebhookStage, type WebhookStage } from './webhook-stage';

let stage: WebhookStage;
let receiver: HttpSink;

beforeAll(async () => {
  [stage, receiver] = await Promise.all([startWebhookStage(), startHttpSink()]);
}, 60_000);
afterAll(async () => {
  await stage?.close();
  await receiver?.close();
});
beforeEach(() => receiver.reset());

const typesOf = (sink: HttpSink, messageId?: string) =>
  sink.requests
    .map(({ json }) => json as { type: string; data: Record<string, unknown> })
    .filter(({ data }) => messageId === undefined || data['messageId'] === messageId)
    .map(({ type }) => type);

test('a batch tells its whole life in order, each event signed and verified by the library', async () => {
  const id = await stage.addEndpoint(receiver.url);
  const { batchId, messageIds } = await stage.batch(['u0', 'u1']);
  await stage.finish('batch', batchId);
  await stage.drained(id);
  for (const messageId of messageIds) {
    expect(typesOf(receiver, messageId)).toEqual(['message.accepted', 'message.sending', 'message.sent']);
  }
  const all = typesOf(receiver);
  expect(all[0]).toBe('job.created');
  expect(all.at(-1)).toBe('job.completed');
  for (const { body, headers } of receiver.requests)
    expect(() => new Webhook(STANDARD_SECRET).verify(body, headers)).not.toThrow();
});
