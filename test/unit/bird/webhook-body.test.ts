import { birdWebhookBody } from '../../../api/bird/webhook-body';
import { type WayOut } from '../../../src/webhooks/bird-filters';
import { messageView, NOW_MS } from './fake-service';

const fact = (type: string) => ({ type, at: new Date(NOW_MS), data: {} });
const told = (event: string, way: WayOut | undefined, type = 'accepted', value?: string) =>
  birdWebhookBody(
    messageView(),
    fact(type),
    {
      ...{ service: 'channels', event },
      eventFilters: value === undefined ? [] : [{ key: 'interactionType', value }],
    },
    way,
  );

test.each<[WayOut, string[]]>([
  [{ kind: 'email' }, ['email']],
  [{ kind: 'sms' }, ['sms']],
  [{ kind: 'sms', network: 'whatsapp' }, ['whatsapp']],
  [{ kind: 'push' }, ['push', 'apppush']],
  [{ kind: 'chat' }, ['whatsapp', 'chat', 'telegram']],
  [{ kind: 'any' }, ['email', 'sms', 'whatsapp', 'push', 'apppush', 'chat', 'inbox', 'webhook', 'telegram']],
])('%j is told under the names %j and no other', (way, names) => {
  const all = ['email', 'sms', 'whatsapp', 'push', 'apppush', 'chat', 'inbox', 'webhook', 'telegram'];
  expect(all.filter((name) => told(`${name}.outbound`, way)).toSorted()).toEqual(names.toSorted());
});

test('what has no way out yet is told to nobody', () => {
  expect(told('sms.outbound', undefined)).toBeUndefined();
});

test.each<[WayOut, string, string]>([
  [{ kind: 'sms', network: 'whatsapp' }, 'whatsapp', 'read'],
  [{ kind: 'sms' }, 'sms', 'read'],
  [{ kind: 'chat' }, 'chat', 'read'],
  [{ kind: 'email' }, 'email', 'opened'],
  [{ kind: 'webhook' }, 'webhook', 'opened'],
])('an opening by the way %j is told as the interaction %s: %s', (way, name, type) => {
  const event = `${name}.interaction`;
  expect(told(event, way, 'opened')).toMatchObject({ payload: { type } });
  expect(told(event, way, 'opened', type)).toBeDefined();
  expect(told(event, way, 'opened', type === 'read' ? 'opened' : 'read')).toBeUndefined();
});
