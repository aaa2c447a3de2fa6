import { z } from 'zod';
import { listSandboxDeliveries } from '../../src/ledger/sandbox-deliveries';
import { parseQueryInput } from '../middleware/validation';
import { type ReadRoute } from '../route';
import { json, timestamp, uuid, workspacePath } from './openapi-parts';

const DEFAULT_LIMIT = 50;
/** A page of full HTML bodies stays in the megabytes. */
const MAX_LIMIT = 100;

/** Fits the number that it stands for, and every URL. */
const CURSOR = /^[1-9]\d{0,14}$/;

const querySchema = z.object({
  limit: z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(MAX_LIMIT))
    .default(DEFAULT_LIMIT)
    .meta({ description: `1 to ${MAX_LIMIT}, ${DEFAULT_LIMIT} where absent.` }),
  cursor: z.string().regex(CURSOR, 'must be a cursor as the last page gave it').transform(Number).optional(),
  messageId: z.guid().optional().meta({ description: "Only one message's." }),
});

const deliverySchema = z
  .object({
    id: z.int(),
    key: z.string().meta({ description: 'The idempotency key of the delivery.' }),
    channelId: uuid,
    messageId: uuid,
    deliveryId: uuid,
    kind: z.string(),
    address: z.string(),
    attempt: z.int(),
    callCount: z.int().meta({ description: 'Calls with this key.' }),
    acceptedCount: z.int().meta({ description: 'How often a receiver would have shown it to a person.' }),
    title: z.string().nullable(),
    text: z.string().nullable(),
    html: z.string().nullable(),
    at: timestamp,
  })
  .meta({ id: 'SandboxDelivery' });

const pageSchema = z.object({ deliveries: z.array(deliverySchema), cursor: z.string().nullable() });

/** What the workspace's sandboxes got, newest first. */
export const sandboxDeliveriesRoute: ReadRoute = {
  ...{
    kind: 'read',
    method: 'get',
    path: '/v1/workspaces/{workspaceId}/sandbox/deliveries',
    auth: 'workspace',
  },
  openapi: {
    operationId: 'listSandboxDeliveries',
    summary: 'List what the sandboxes got',
    requestParams: { path: workspacePath, query: querySchema },
    responses: { '200': json('A page, newest first; cursor is null at the end.', pageSchema) },
  },
  async handle(call, db) {
    const { limit, cursor, messageId } = parseQueryInput(querySchema, call.query);
    // One more than asked for tells whether there is a next page.
    const rows = await listSandboxDeliveries(db, {
      workspaceId: call.workspaceId,
      limit: limit + 1,
      ...(cursor === undefined ? {} : { beforeId: cursor }),
      ...(messageId === undefined ? {} : { messageId }),
    });
    const deliveries = rows.slice(0, limit);
    const last = rows.length > limit ? deliveries.at(-1) : undefined;
    return { status: 200, body: { deliveries, cursor: last ? String(last.id) : null } };
  },
};
