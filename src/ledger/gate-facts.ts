import { type GateWishes } from '../domain/gate-wishes';
import { type GateFacts, type Receiver } from '../domain/gates';
import { type Preference } from '../domain/preferences';
import { recipientZone } from '../domain/recipient-zone';
import { type LinkSettings } from '../domain/link-wishes';
import { type Route } from '../domain/routing';
import { one, type Db } from './database';
import { type DeliveryContext } from './delivery-context';
import { addressKey, holdoutPoint, userKey, workspaceKey } from './fact-keys';
import { type Refused, type Seal } from './attempts';
import { readSettings, type WorkspaceSettings } from './workspaces';

const DAY_MS = 86_400_000;

/** The facts of one message, and what the claim has to check of them once more. */
export interface SealedFacts {
  readonly facts: GateFacts;
  /** The workspace's own, read along: links cost no query of their own. */
  readonly links: LinkSettings;
  /** The job is paused or the message not due: the gates move nothing now, and are asked again when it is its turn. */
  readonly idle?: Refused;
  /** The seal of going over this route with these receivers dropped. */
  readonly sealFor: (route: number, dropped?: Seal['dropped']) => Seal;
}

/** What the ledger knows of one message's gates. */
export interface GateRow extends Record<string, unknown> {
  now_ms: number;
  canceled: boolean;
  valid_until_ms: number | null;
  started_at_ms: number;
  attempts: number;
  tried: boolean;
  paused: boolean;
  due_in_ms: number;
  settings: unknown;
  version: number;
  stopped: Record<string, string>;
  stored: {
    status: Preference['status'];
    channels: Preference['channels'] | null;
    has_channels: boolean;
  } | null;
  topic_default: Preference['status'] | null;
  uses: { recipient: string; channel: string; at_ms: number }[];
}

/** The message whose facts are asked for, the routes from its next one on, and that one's place. */
export interface FactsInput {
  readonly messageId: string;
  readonly message: DeliveryContext;
  readonly routes: readonly Route[];
  readonly first: number;
}

/** Reads what the gates judge by, in one statement and so as of one moment, with the versions of all that may change. */
export async function readGateFacts(db: Db, input: FactsInput): Promise<SealedFacts> {
  const { workspaceId, spec } = input.message;
  const { recipient } = spec;
  const wishes = wishesOf(input.message);
  const keys = factKeysOf(input);
  const row = await readRow(db, input.messageId, {
    ...{ workspaceId, keys, userId: recipient.id, topicId: wishes.topicId ?? null },
    ...{ tenantId: tenantOf(input.message), withCap: wishes.capFrequency === true },
  });
  return sealFacts(input, keys, row, readSettings(row.settings));
}

/** What a message and its job ask of the gates; the message's own wins. */
export function wishesOf({ jobSpec, spec }: DeliveryContext): GateWishes {
  return { ...jobSpec.gates, ...spec.gates };
}

/** In whose name the person is written to: as a member of it they may have said otherwise than in general. Empty: nobody's. */
export function tenantOf({ jobSpec, spec }: Pick<DeliveryContext, 'jobSpec' | 'spec'>): string {
  return spec.recipient.tenantId ?? jobSpec.tenantId ?? '';
}

/** The names of all that a message's gates rest on: the workspace, the person, every address. */
export function factKeysOf({ message, routes }: FactsInput): Buffer[] {
  const { workspaceId, spec } = message;
  const { id, alsoTo = [], cc = [], bcc = [] } = spec.recipient;
  return [
    workspaceKey(workspaceId),
    userKey(workspaceId, id),
    ...routes.map(({ kind, address }) => addressKey(workspaceId, kind, address)),
    ...[...alsoTo, ...cc, ...bcc].map((address) => addressKey(workspaceId, 'email', address)),
  ];
}

/** Makes of what the ledger knows what the gates judge by, and the seal that the claim checks. */
export function sealFacts(
  input: FactsInput,
  keys: readonly Buffer[],
  row: GateRow,
  settings: WorkspaceSettings,
): SealedFacts {
  const { message, routes } = input;
  const { workspaceId, spec } = message;
  const { recipient } = spec;
  const wishes = wishesOf(message);
  // Each is asked for several times, and is a hash.
  const known = new Map<string, Buffer>();
  const keyOf = (kind: Route['kind'], address: string): Buffer => {
    const name = `${kind} ${address}`;
    const key = known.get(name) ?? addressKey(workspaceId, kind, address);
    known.set(name, key);
    return key;
  };
  const alsoTo = recipient.alsoTo ?? [];
  const receiver = (kind: Route['kind'], address: string): Receiver => {
    const reason = row.stopped[keyOf(kind, address).toString('hex')];
    if (reason === undefined) return { address };
    return { address, stopped: reason === 'unsubscribed' ? 'unsubscribed' : 'suppressed' };
  };
  const emails = (list: readonly string[] | undefined) => (list ?? []).map((it) => receiver('email', it));
  const sinceMs = row.now_ms - settings.cap.periodDays * DAY_MS;
  const usesOf = ({ kind, address, channelId }: Route): number => {
    const hex = keyOf(kind, address).toString('hex');
    return row.uses.filter((u) => u.recipient === hex && u.channel === channelId && u.at_ms > sinceMs).length;
  };
  const identity = recipient.idGenerated ? (routes[0]?.address ?? recipient.id) : recipient.id;

  return {
    facts: {
      nowMs: row.now_ms,
      canceled: row.canceled,
      attempts: row.attempts,
      validUntilMs: row.valid_until_ms,
      startedAtMs: row.started_at_ms,
      wishes,
      preference: {
        notifications: notificationsOf(message),
        topicId: wishes.topicId,
        given: wishes.preferences,
        stored: row.stored ? storedPreference(row.stored) : undefined,
        topicDefault: row.topic_default ?? undefined,
      },
      routes: routes.map((route, index) => ({
        index: input.first + index,
        kind: route.kind,
        to: [receiver(route.kind, route.address), ...emails(route.kind === 'email' ? alsoTo : [])],
        capUsed: usesOf(route),
      })),
      routeTried: row.tried,
      cc: emails(recipient.cc),
      bcc: emails(recipient.bcc),
      holdoutPoint: holdoutPoint(workspaceId, identity),
      zone: recipientZone({ timezone: recipient.timezone, phone: recipient.addresses.sms }),
      settings,
    },
    links: settings,
    ...idleOf(row),
    sealFor(index, dropped = []) {
      const route = routes[index - input.first];
      const capped = wishes.capFrequency === true && route !== undefined;
      return {
        facts: [...new Set(keys.map((key) => key.toString('hex')))],
        version: row.version,
        dropped,
        ...(capped
          ? {
              cap: {
                recipient: keyOf(route.kind, route.address).toString('hex'),
                count: settings.cap.count,
                periodMs: settings.cap.periodDays * DAY_MS,
              },
            }
          : {}),
      };
    },
  };
}

function idleOf({ paused, due_in_ms: waitMs }: GateRow): { idle?: Refused } {
  if (paused) return { idle: { refused: 'paused', waitMs: 0 } };
  return waitMs > 0 ? { idle: { refused: 'not_due', waitMs } } : {};
}

/** The names by which a preference can mean this message. */
function notificationsOf({ jobSpec, spec }: DeliveryContext): string[] {
  return [jobSpec.event, spec.template?.id, jobSpec.template?.id].filter((name) => name !== undefined);
}

function storedPreference(stored: NonNullable<GateRow['stored']>): Preference {
  return {
    status: stored.status,
    ...(stored.has_channels && stored.channels ? { channels: stored.channels } : {}),
  };
}

async function readRow(
  db: Db,
  messageId: string,
  about: {
    workspaceId: string;
    keys: readonly Buffer[];
    userId: string;
    tenantId: string;
    topicId: string | null;
    withCap: boolean;
  },
): Promise<GateRow> {
  const rows = await db.query<GateRow>(
    `select (extract(epoch from ledger_now()) * 1000)::float8 as now_ms,
       s.cancel_requested or j.cancel_requested as canceled, s.attempts,
       (extract(epoch from s.valid_until) * 1000)::float8 as valid_until_ms,
       (extract(epoch from coalesce(j.run_at, j.created_at)) * 1000)::float8 as started_at_ms,
       exists (select 1 from deliveries d where d.message_id = s.message_id and d.route = s.route) as tried,
       j.paused or j.suspended is not null or j.phase <> 'running' as paused,
       (extract(epoch from s.due_at - ledger_now()) * 1000)::float8 as due_in_ms, w.settings,
       (select coalesce(sum(f.version), 0)::bigint from recipient_facts f where f.workspace_id = $2 and f.key = any($3::bytea[])) as version,
       (select coalesce(jsonb_object_agg(encode(x.address_key, 'hex'), x.reason), '{}') from suppressions x
         where x.workspace_id = $2 and x.address_key = any($3::bytea[])) as stopped,
       (select jsonb_build_object('status', p.status, 'channels', p.channels, 'has_channels', p.has_channels) from preferences p
         where p.workspace_id = $2 and p.user_id = $4 and p.topic_id = $6 and p.tenant_id in ('', $5)
         order by p.tenant_id desc limit 1) as stored,
       (select t.default_status from topics t where t.workspace_id = $2 and t.id = $6) as topic_default,
       case when $7 then (select coalesce(jsonb_agg(jsonb_build_object('recipient', encode(u.recipient, 'hex'),
           'channel', u.channel_id, 'at_ms', extract(epoch from u.at) * 1000)), '[]')
         from cap_uses u where u.workspace_id = $2 and u.recipient = any($3::bytea[]) and u.message_id <> s.message_id)
         else '[]' end as uses
     from message_states s join jobs j on j.id = s.job_id join workspaces w on w.id = s.workspace_id
     where s.message_id = $1 and s.workspace_id = $2`,
    [
      ...[messageId, about.workspaceId, about.keys],
      ...[about.userId, about.tenantId, about.topicId, about.withCap],
    ],
    { prepared: true },
  );
  return one(rows);
}
