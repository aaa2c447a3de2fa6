import fc from 'fast-check';
import { readPageToken, writePageToken } from '../../../api/bird/page-token';
import { BIRD_STATUSES, looksOf } from '../../../api/bird/status-filter';
import { birdStatus, type StateView } from '../../../src/domain/outward';
import { REASONS_BY_STATE, type Reason } from '../../../src/domain/reasons';
import { MESSAGE_STATES, WAIT_REASONS } from '../../../src/domain/states';
import {
  CHANNEL,
  GET,
  GET_ANY,
  LIST,
  LIST_ALL,
  messageView,
  NOW_MS,
  openFakeDoor,
  WORKSPACE,
} from './fake-service';

const query = (given: Record<string, string | string[]>) => ({
  query: new Map(Object.entries(given).map(([name, value]) => [name, [value].flat()])),
});

describe('a page token', () => {
  it('is the place it was made from, in characters that a URL takes as they are', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }),
        fc.uuid(),
        (createdAt, id) => {
          const token = writePageToken({ createdAt, id });
          expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
          expect(readPageToken(token)).toEqual({ createdAt, id });
        },
      ),
    );
  });

  it('is nothing when it is anything else', () => {
    const forged = (text: string) => Buffer.from(text).toString('base64url');
    expect(readPageToken(forged(`999999999999999.${WORKSPACE}`))).toBeUndefined();
    expect(readPageToken(forged(`1.${WORKSPACE}.x`))).toBeUndefined();
    expect(readPageToken(`${writePageToken({ createdAt: new Date(1), id: WORKSPACE })}=`)).toBeUndefined();
    fc.assert(fc.property(fc.string(), (text) => expect(readPageToken(text)).toBeUndefined()));
    fc.assert(fc.property(fc.base64String(), (text) => expect(readPageToken(text)).toBeUndefined()));
  });
});

describe('the status filter', () => {
  it('is the outward table read backwards: every state stands behind the status that it shows', () => {
    const views = MESSAGE_STATES.flatMap((state): StateView[] => {
      if (state === 'waiting') return WAIT_REASONS.map((waitReason) => ({ state, reason: null, waitReason }));
      const reasons: readonly (Reason | null)[] =
        state in REASONS_BY_STATE ? REASONS_BY_STATE[state as keyof typeof REASONS_BY_STATE] : [null];
      return reasons.map((reason) => ({ state, reason, waitReason: null }));
    });
    for (const view of views) {
      const found = BIRD_STATUSES.filter((status) =>
        looksOf([status]).some(
          ({ state, why }) => state === view.state && why === (view.reason ?? view.waitReason ?? ''),
        ),
      );
      expect(found).toEqual([birdStatus(view).status]);
    }
  });
});

describe('a listing', () => {
  it('gives results, and a token where there are more', async () => {
    const door = openFakeDoor();
    door.messages = [messageView()];
    expect((await door.call(LIST, {})).body).toEqual({
      results: [expect.objectContaining({ status: 'accepted' })],
    });
    door.next = { createdAt: new Date(NOW_MS), id: WORKSPACE };
    const { nextPageToken } = (await door.call(LIST, {})).body as { nextPageToken: string };
    await door.call(LIST, query({ pageToken: nextPageToken }));
    expect(door.listed.map(({ after }) => after)).toEqual([undefined, undefined, door.next]);
  });

  it.each(['batchId', 'batchID', 'batch_id'])('is narrowed to a batch by %s', async (name) => {
    const door = openFakeDoor();
    door.jobs = [{ id: WORKSPACE, channelId: CHANNEL }];
    await door.call(LIST, query({ [name]: WORKSPACE }));
    expect(door.listed).toEqual([
      { workspaceId: WORKSPACE, channelId: CHANNEL, jobId: WORKSPACE, limit: 10 },
    ]);
  });

  it('of a batch that is not there, or not of this channel, is 404', async () => {
    const door = openFakeDoor();
    door.jobs = [{ id: WORKSPACE, channelId: WORKSPACE }];
    for (const batchId of ['', 'x', CHANNEL, WORKSPACE]) {
      expect((await door.call(LIST, query({ batchId }))).status).toBe(404);
    }
    expect((await door.call(LIST_ALL, query({ batchId: WORKSPACE }))).status).toBe(200);
  });

  it('passes on status, dates and limit, and never makes a page of more than 100', async () => {
    const door = openFakeDoor();
    const given = {
      status: ['scheduled', 'rejected,sent'],
      startAt: '2026-01-01T00:00:00Z',
      endAt: '2026-01-02T00:00:00 01:00',
    };
    await door.call(
      LIST_ALL,
      query({ ...given, limit: '1000', direction: 'outgoing', reverse: 'false', colour: 'red' }),
    );
    expect(door.listed).toEqual([
      {
        workspaceId: WORKSPACE,
        limit: 100,
        looks: looksOf(['scheduled', 'rejected', 'sent']),
        startAt: new Date('2026-01-01T00:00:00Z'),
        endAt: new Date('2026-01-01T23:00:00Z'),
      },
    ]);
  });

  it.each([
    ['true', true],
    ['True', true],
    ['1', true],
    ['false', undefined],
    ['False', undefined],
    ['0', undefined],
  ])('reads reverse=%s as clients write it', async (reverse, oldestFirst) => {
    const door = openFakeDoor();
    await door.call(LIST_ALL, query({ reverse }));
    expect(door.listed.map((filter) => filter.oldestFirst)).toEqual([oldestFirst]);
  });

  it('of incoming messages is empty', async () => {
    const door = openFakeDoor();
    door.messages = [messageView()];
    expect((await door.call(LIST, query({ direction: 'incoming' }))).body).toEqual({ results: [] });
  });

  it.each([
    ['limit', ['0', '-1', '1001', '1e2', '', 'ten', '99999999999999999999']],
    ['pageToken', ['x', '!!', 'AAAA']],
    ['status', ['done', 'sent,done', 'toString']],
    ['startAt', ['yesterday', '2026-13-01T00:00:00Z', '1']],
    ['endAt', ['999999-01-01T00:00:00Z']],
    ['direction', ['sideways']],
    ['reverse', ['yes', '2']],
  ])('refuses garbage for %s, saying how to mend it', async (name, values) => {
    for (const value of values) {
      const reply = await openFakeDoor().call(LIST, query({ [name]: value }));
      expect(reply).toMatchObject({
        status: 422,
        body: { code: 'UnprocessableRequest', details: { [name]: [expect.stringContaining('must')] } },
      });
    }
  });

  it('tells all that is wrong with a query at once', async () => {
    const reply = await openFakeDoor().call(LIST, query({ limit: ['1', '2'], status: 'x', pageToken: '!' }));
    expect(Object.keys((reply.body as { details: object }).details).toSorted()).toEqual([
      'limit',
      'pageToken',
      'status',
    ]);
  });

  it('never throws anything but a refusal, whatever the query', async () => {
    const names = ['batchId', 'limit', 'pageToken', 'status', 'startAt', 'endAt', 'direction', 'reverse'];
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.constantFrom(...names), fc.array(fc.string(), { maxLength: 2 })),
        async (given) => {
          expect([200, 404, 422]).toContain((await openFakeDoor().call(LIST, query(given))).status);
        },
      ),
    );
  });
});

describe('one message', () => {
  const { messageId } = messageView();
  const at = (channelId: string, id = messageId) => ({
    params: { workspaceId: WORKSPACE, channelId, messageId: id },
  });

  it('is found through its channel and through the workspace', async () => {
    const door = openFakeDoor();
    door.messages = [messageView()];
    expect(await door.call(GET, at(CHANNEL))).toMatchObject({ status: 200, body: { id: messageId } });
    expect(await door.call(GET_ANY, at(CHANNEL, messageId.toUpperCase()))).toMatchObject({ status: 200 });
  });

  it('is 404 through another channel, and for ids that name nothing', async () => {
    const door = openFakeDoor();
    door.messages = [messageView()];
    for (const params of [at(WORKSPACE), at('x'), at(CHANNEL, 'x'), at(CHANNEL, WORKSPACE)]) {
      expect((await door.call(GET, params)).status).toBe(404);
    }
  });
});
