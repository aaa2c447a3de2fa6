import { decide, GATES, type GateFacts } from '../../../src/domain/gates';
import { type GateWishes } from '../../../src/domain/gate-wishes';

const HOUR_MS = 3_600_000;
/** A Tuesday, 12:00 UTC. */
const NOON = Date.UTC(2026, 5, 16, 12);

const facts = (over: Partial<GateFacts> = {}, wishes: GateWishes = {}): GateFacts => ({
  ...{ nowMs: NOON, canceled: false, attempts: 0, validUntilMs: null, startedAtMs: NOON - HOUR_MS, wishes },
  preference: { notifications: [] },
  routes: [{ index: 0, kind: 'email', to: [{ address: 'a@b.nl' }], capUsed: 0 }],
  ...{ routeTried: false, cc: [], bcc: [], holdoutPoint: 50, zone: undefined },
  settings: { holdoutPercent: 0, cap: { count: 1, periodDays: 1 } },
  ...over,
});
const GO = { type: 'go', route: 0, dropTo: [], dropCc: [], dropBcc: [] };
const stopped = (kind: 'suppressed' | 'unsubscribed', capUsed = 0): Partial<GateFacts> => ({
  routes: [{ index: 0, kind: 'email', to: [{ address: 'a@b.nl', stopped: kind }], capUsed }],
});
const used: Partial<GateFacts> = {
  routes: [{ index: 0, kind: 'email', to: [{ address: 'a@b.nl' }], capUsed: 1 }],
};
const settings = (over: Partial<GateFacts['settings']>): Partial<GateFacts> => ({
  settings: { ...facts().settings, ...over },
});
const optedOut: Partial<GateFacts> = {
  preference: { notifications: [], topicId: 't', stored: { status: 'opted_out' } },
};
const QUIET = { quietHours: { start: '11:00', end: '14:00' } };

test('nothing objects: it goes', () => {
  expect(decide(facts())).toEqual(GO);
});

test('a call that was begun is made again in spite of what concerns its beginning, to those who still take it, while it is worth it', () => {
  const late = {
    ...used,
    ...settings(QUIET),
    ...{ attempts: 1, cc: [{ address: 'gone@b.nl', stopped: 'suppressed' as const }] },
  };
  const wishes: GateWishes = { capFrequency: true, heldOut: true, delay: { untilMs: NOON + HOUR_MS } };
  expect(decide(facts(late, wishes), true)).toEqual({ ...GO, dropCc: ['gone@b.nl'] });
  expect(decide(facts({ ...late, ...optedOut }, wishes), true)).toMatchObject({ reason: 'opted_out' });
  expect(decide(facts({ ...late, ...stopped('suppressed') }, wishes), true)).toMatchObject({
    reason: 'suppressed',
  });
  expect(decide(facts(late, { validUntilMs: NOON - 1 }), true)).toEqual({ type: 'fail', reason: 'expired' });
});

describe('each gate alone', () => {
  const wait = (waitReason: string, hours: number) => ({ type: 'wait', waitReason, waitMs: hours * HOUR_MS });
  const skip = (reason: string) => ({ type: 'skip', reason });
  test.each<[string, Partial<GateFacts>, GateWishes, unknown]>([
    ['cancelled', { canceled: true }, {}, { type: 'cancel' }],
    ['validity passed before any attempt', { validUntilMs: NOON }, {}, skip('expired')],
    [
      'validity passed after one',
      { validUntilMs: NOON, attempts: 1 },
      {},
      { type: 'fail', reason: 'expired' },
    ],
    ['time-out since the run', {}, { validForMs: HOUR_MS }, skip('expired')],
    ['a time-out that is not over', {}, { validForMs: HOUR_MS + 1 }, GO],
    ['an expiry by date', {}, { validUntilMs: NOON - 1 }, skip('expired')],
    ['unsubscribed', stopped('unsubscribed'), {}, skip('unsubscribed')],
    ['unsubscribed, but transactional', stopped('unsubscribed'), { transactional: true }, GO],
    ['opted out', optedOut, {}, skip('opted_out')],
    ['suppressed', stopped('suppressed'), {}, skip('suppressed')],
    ['suppressed, even if transactional', stopped('suppressed'), { transactional: true }, skip('suppressed')],
    ['held out by hash', { ...settings({ holdoutPercent: 50.01 }) }, {}, skip('holdout')],
    ['not held out', { ...settings({ holdoutPercent: 50 }) }, {}, GO],
    ['held out by the caller', {}, { heldOut: true }, skip('holdout')],
    ['holdout ignored', settings({ holdoutPercent: 100 }), { ignoreGlobalHoldout: true, heldOut: true }, GO],
    ['at the cap', used, { capFrequency: true }, skip('cap')],
    ['at the cap, but not asked for', used, {}, GO],
    ['quiet hours', settings(QUIET), {}, wait('quiet_hours', 2)],
    ["quiet hours by the recipient's zone", { ...settings(QUIET), zone: 'Asia/Tokyo' }, {}, GO],
    ['quiet hours ignored', settings(QUIET), { ignoreQuietHours: true }, GO],
    ['a delay since the run', {}, { delay: { durationMs: 3 * HOUR_MS } }, wait('delay', 2)],
    ['a delay that is over', {}, { delay: { durationMs: HOUR_MS } }, GO],
    ['a delay until a moment', {}, { delay: { untilMs: NOON + HOUR_MS } }, wait('delay', 1)],
    ['a delivery window', {}, { delay: { hours: 'Tu 15:00-16:00' } }, wait('delay', 3)],
    [
      'one in its own zone',
      {},
      { delay: { hours: 'Tu 15:00-16:00', zone: 'Europe/Amsterdam' } },
      wait('delay', 1),
    ],
    ["the workspace's window", settings({ deliveryWindow: { hours: '13:00-14:00' } }), {}, wait('delay', 1)],
    [
      "the workspace's window ignored",
      settings({ deliveryWindow: { hours: '13:00-14:00' } }),
      { ignoreQuietHours: true },
      GO,
    ],
  ])('%s', (_name, over, wishes, expected) => {
    expect(decide(facts(over, wishes))).toEqual(expected);
  });
});

test('the gates are asked in the documented order, and the first that objects gives the reason', () => {
  const all: GateFacts = facts(
    {
      ...{ canceled: true, validUntilMs: NOON - 1, ...stopped('unsubscribed', 1), ...optedOut },
      ...settings({
        ...{ holdoutPercent: 100, quietHours: { start: '11:00', end: '14:00' } },
        deliveryWindow: { hours: '18:00-19:00' },
      }),
    },
    { capFrequency: true, delay: { durationMs: 4 * HOUR_MS, hours: 'Tu 17:00-18:00' } },
  );
  const route = (stop: object) => ({ routes: [{ ...all.routes[0], to: [{ address: 'a@b.nl', ...stop }] }] });
  // Each step takes the objection away that was given.
  const steps: [string, unknown, object][] = [
    ['canceled', undefined, { canceled: false }],
    ['expired', undefined, { validUntilMs: null }],
    ['unsubscribed', undefined, route({ stopped: 'suppressed' })],
    ['opted_out', undefined, { preference: { notifications: [] } }],
    ['suppressed', undefined, route({})],
    ['holdout', undefined, { settings: { ...all.settings, holdoutPercent: 0 } }],
    ['cap', undefined, { wishes: { ...all.wishes, capFrequency: undefined } }],
    ['quiet_hours', 2, { settings: { ...all.settings, holdoutPercent: 0, quietHours: undefined } }],
    ['delay', 3, { startedAtMs: NOON - 5 * HOUR_MS }],
    ['delay', 5, { wishes: {} }],
    ['delay', 6, { settings: facts().settings }],
    ['go', undefined, {}],
  ];
  let now: object = all;
  for (const [word, hours, change] of steps) {
    const decision = decide(now as GateFacts) as {
      type: string;
      reason?: string;
      waitReason?: string;
      waitMs?: number;
    };
    const said = { cancel: 'canceled', go: 'go' }[decision.type] ?? decision.reason ?? decision.waitReason;
    expect([said, decision.waitMs === undefined ? undefined : decision.waitMs / HOUR_MS]).toEqual([
      word,
      hours,
    ]);
    now = { ...now, ...change };
  }
  expect(Object.keys(GATES)).toEqual([
    ...['canceled', 'validity', 'unsubscribed', 'preference', 'suppression', 'holdout', 'cap'],
    ...['quietHours', 'delay', 'deliveryWindow', 'workspaceWindow'],
  ]);
});

test('a wait ends with the validity, so that the end is told in time', () => {
  const decision = decide(facts({ ...settings(QUIET), validUntilMs: NOON + HOUR_MS }));
  expect(decision).toEqual({ type: 'wait', waitReason: 'quiet_hours', waitMs: HOUR_MS });
});

describe('preferences', () => {
  const out = { status: 'opted_out' } as const;
  const into = { status: 'opted_in' } as const;
  const required = { status: 'required' } as const;
  test.each<[string, GateFacts['preference'], string]>([
    ['nothing said', { notifications: ['n'], topicId: 't' }, 'go'],
    [
      'the message, by notification',
      { notifications: ['n'], given: { notifications: { n: out } } },
      'opted_out',
    ],
    ['another notification', { notifications: ['n'], given: { notifications: { m: out } } }, 'go'],
    [
      'the message, by category',
      { notifications: [], topicId: 't', given: { categories: { t: out } } },
      'opted_out',
    ],
    ['another category', { notifications: [], topicId: 't', given: { categories: { u: out } } }, 'go'],
    [
      'notification before category',
      { notifications: ['n'], topicId: 't', given: { notifications: { n: into }, categories: { t: out } } },
      'go',
    ],
    [
      'message before user',
      { notifications: [], topicId: 't', given: { categories: { t: into } }, stored: out },
      'go',
    ],
    [
      'user before default',
      { notifications: [], topicId: 't', stored: into, topicDefault: 'opted_out' },
      'go',
    ],
    [
      'default opted_out wants an opt-in',
      { notifications: [], topicId: 't', topicDefault: 'opted_out' },
      'opt_in_required',
    ],
    [
      'required ignores the user',
      { notifications: [], topicId: 't', stored: out, topicDefault: 'required' },
      'go',
    ],
    [
      'required ignores the message',
      { notifications: [], topicId: 't', given: { categories: { t: out } }, topicDefault: 'required' },
      'go',
    ],
    [
      'required with the message',
      { notifications: ['n'], given: { notifications: { n: required } }, stored: out },
      'go',
    ],
    [
      'a name like any other',
      { notifications: ['constructor'], topicId: '__proto__', given: { notifications: {} } },
      'go',
    ],
  ])('%s', (_name, preference, expected) => {
    const decision = decide(facts({ preference }));
    expect(decision.type === 'skip' ? decision.reason : decision.type).toBe(expected);
  });

  test('REQUIRED ignores an unsubscription, never a dead address', () => {
    const preference: GateFacts['preference'] = { notifications: [], topicId: 't', topicDefault: 'required' };
    expect(decide(facts({ ...stopped('unsubscribed'), preference }))).toEqual(GO);
    expect(decide(facts({ ...stopped('suppressed'), preference }))).toMatchObject({ reason: 'suppressed' });
  });
});

describe('channels that the recipient chose', () => {
  const routes: GateFacts['routes'] = [
    { index: 1, kind: 'email', to: [{ address: 'a@b.nl' }], capUsed: 0 },
    { index: 2, kind: 'sms', to: [{ address: '+31612345678' }], capUsed: 0 },
  ];
  const by = (...channels: ('sms' | 'push')[]): GateFacts['preference'] => ({
    ...{ notifications: [], topicId: 't', stored: { status: 'opted_in', channels } },
  });

  test('the first route over one of them is taken', () => {
    expect(decide(facts({ routes, preference: by('sms') }))).toMatchObject({ type: 'go', route: 2 });
  });
  test('with none of them it is not sent, unless it is required', () => {
    for (const preference of [by('push'), by()]) {
      expect(decide(facts({ routes, preference }))).toMatchObject({ reason: 'opted_out' });
    }
    const preference = { ...by('push'), topicDefault: 'required' as const };
    expect(decide(facts({ routes, preference }))).toMatchObject({ type: 'go', route: 1 });
  });
  test('once a call went out over a route it is that one or none', () => {
    expect(decide(facts({ routes, preference: by('sms'), routeTried: true }))).toMatchObject({
      reason: 'opted_out',
    });
  });
});

describe('an envelope', () => {
  const to = (...receivers: GateFacts['cc']): Partial<GateFacts> => ({
    routes: [{ index: 0, kind: 'email', to: receivers, capUsed: 0 }],
  });
  const dead = { address: 'dead@b.nl', stopped: 'suppressed' } as const;
  const gone = { address: 'gone@b.nl', stopped: 'unsubscribed' } as const;
  const fine = { address: 'fine@b.nl' };

  test('loses the receivers that get nothing, not the message', () => {
    const decision = decide(facts({ ...to(dead, fine), cc: [fine, gone], bcc: [dead] }));
    expect(decision).toEqual({
      ...{ type: 'go', route: 0, dropTo: ['dead@b.nl'], dropCc: ['gone@b.nl'], dropBcc: ['dead@b.nl'] },
    });
  });
  test('is not sent for its cc alone', () => {
    expect(decide(facts({ ...to(dead), cc: [fine] }))).toMatchObject({ reason: 'suppressed' });
    expect(decide(facts({ ...to(dead, gone), cc: [fine] }))).toMatchObject({ reason: 'unsubscribed' });
  });
});
