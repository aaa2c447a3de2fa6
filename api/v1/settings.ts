import { z } from 'zod';
import { FAN_OUTS } from '../../src/domain/states';
import { type Db } from '../../src/ledger/database';
import {
  capSchema,
  deliveryWindowSchema,
  holdoutPercentSchema,
  quietHoursSchema,
} from '../../src/ledger/gate-settings';
import { requireFreeDomains } from '../../src/ledger/links';
import { linkTrackingSchema, shortLinkDomainsSchema } from '../../src/ledger/link-settings';
import {
  changeWorkspaceSettings,
  getWorkspaceSettings,
  routingOrderSchema,
} from '../../src/ledger/workspaces';
import { parseBody } from '../middleware/validation';
import { type CommandRoute, type ReadRoute } from '../route';
import { json, jsonBody } from './openapi-parts';
import { requireWorkspace } from './workspaces';

const PATH = '/v1/workspaces/{workspaceId}/settings';

const routingOrder = routingOrderSchema.meta({ description: 'Kinds in the order in which they are tried.' });
const cap = capSchema.meta({
  description:
    'Messages with `capFrequency` that one recipient gets over one channel in any stretch of so many days. 1 in 1 by default.',
});
const holdoutPercent = holdoutPercentSchema.meta({
  description:
    'This part of all recipients is sent nothing, so that the others can be compared with them. 0 by default.',
});
const quietHours = quietHoursSchema.meta({
  description: "By each recipient's own clock. Messages wait for their end, unless they ignore quiet hours.",
});
const deliveryWindow = deliveryWindowSchema.meta({
  description: 'Messages wait until it is open, unless they ignore quiet hours.',
});

const fanOut = z.enum(FAN_OUTS).meta({
  description:
    'How bulk jobs are delivered that do not say: a child workflow for each recipient, or pages of them for large jobs.',
});
const linkTracking = linkTrackingSchema.meta({
  description: 'Clicks and opens are noted, for messages that do not say themselves. False by default.',
});
const shortLinkDomains = shortLinkDomainsSchema.meta({
  description:
    'Hosts that lead to this API, for short links; the first where a message names none. A host is of one workspace.',
  example: ['go.example.com'],
});

const settingsSchema = z
  .object({
    ...{ routingOrder, cap, holdoutPercent, linkTracking, shortLinkDomains },
    quietHours: quietHours.nullable(),
    deliveryWindow: deliveryWindow.nullable(),
    fanOut: fanOut.nullable().meta({ description: 'Null: as the installation has it.' }),
  })
  .meta({ id: 'WorkspaceSettings' });

const changeSchema = z
  .strictObject({
    routingOrder: routingOrder.nullable().optional(),
    cap: cap.nullable().optional(),
    holdoutPercent: holdoutPercent.nullable().optional(),
    linkTracking: linkTracking.nullable().optional(),
    shortLinkDomains: shortLinkDomains.nullable().optional(),
    quietHours: quietHours.nullable().optional(),
    deliveryWindow: deliveryWindow.nullable().optional(),
    fanOut: fanOut.nullable().optional(),
  })
  .meta({ id: 'WorkspaceSettingsChange' });

export const readSettingsRoute: ReadRoute = {
  ...{ kind: 'read', method: 'get', path: PATH, auth: 'both' },
  openapi: {
    operationId: 'getWorkspaceSettings',
    summary: "Get a workspace's settings",
    responses: { '200': json('The settings, defaults filled in.', settingsSchema) },
  },
  async handle(call, db) {
    await requireWorkspace(db, call.workspaceId);
    return { status: 200, body: await viewOf(db, call.workspaceId) };
  },
};

export const changeSettingsRoute: CommandRoute = {
  ...{ kind: 'command', method: 'patch', path: PATH, auth: 'both', errors: ['already_exists'] },
  openapi: {
    operationId: 'updateWorkspaceSettings',
    summary: "Change a workspace's settings",
    description:
      'What is not given stays; each setting is replaced whole, and null puts it back to its default. Messages that wait already are asked again when their wait ends.',
    requestBody: jsonBody(changeSchema, {
      quietHours: { start: '21:00', end: '08:00', zone: 'Europe/Amsterdam' },
      cap: { count: 2, periodDays: 7 },
    }),
    responses: { '200': json('The settings as they are now.', settingsSchema) },
  },
  async handle(call, tx) {
    const change = parseBody(changeSchema, call.body);
    await requireWorkspace(tx, call.workspaceId);
    await requireFreeDomains(tx, call.workspaceId, change.shortLinkDomains ?? []);
    await changeWorkspaceSettings(tx, call.workspaceId, change);
    return { status: 200, body: await viewOf(tx, call.workspaceId) };
  },
};

async function viewOf(db: Db, workspaceId: string): Promise<unknown> {
  const settings = await getWorkspaceSettings(db, workspaceId);
  const { quietHours: quiet, deliveryWindow: window, fanOut: lane, ...rest } = settings;
  return { ...rest, quietHours: quiet ?? null, deliveryWindow: window ?? null, fanOut: lane ?? null };
}
