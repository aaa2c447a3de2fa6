import { Router, type Request, type RequestHandler, type Response } from 'express';
import { type Logger } from 'pino';
import { VolleyError } from '../../src/domain/errors';
import { isUuid } from '../../src/domain/ids';
import { findChannel, openCredentials, type Channel } from '../../src/ledger/channels';
import { type Database } from '../../src/ledger/database';
import { recordProviderEvents } from '../../src/ledger/provider-events';
import {
  type CallbackChannel,
  type CallbackRequest,
  type CallbackResult,
} from '../../src/providers/callbacks/contract';
import { type CallbackReaders } from '../../src/providers/callbacks/readers';
import { type ProviderRegistry } from '../../src/providers/registry';
import { type SecretBox } from '../../src/runtime/secret-box';
import { suppressTold } from '../../src/service/suppress-told';
import { callbacksRoom, type BodyRoom } from '../middleware/body-room';
import { parseQuery } from '../middleware/query';
import { writeReply } from '../middleware/respond';

/** A receiver's 5,000 events of 500 bytes are 2.5 MB. Documented in docs/callbacks.md. */
const MAX_CALLBACK_BYTES = 4 * 1024 * 1024;
const NOT_HERE =
  'There is no callback endpoint here: the URL is /callbacks/{channelId}/{provider}, of a channel of that provider.';

export interface CallbackDeps {
  readonly db: Database;
  readonly readers: CallbackReaders;
  readonly providers: ProviderRegistry;
  readonly secretBox: SecretBox;
  /** Scheme and host by which vendors reach this server: part of what some of them sign. */
  readonly publicUrl: string;
  readonly log: Logger;
  readonly now?: () => number;
  /** For the bodies of all callbacks together; the process's own if left out. */
  readonly room?: BodyRoom;
}

/**
 * `POST /callbacks/{channelId}/{reader}`: what vendors tell. No API key: the reader verifies each call by the channel's own
 * secrets. What is unsigned, stale or another account's is refused and changes nothing; a call is one transaction.
 */
export function createCallbackRouter(deps: CallbackDeps): Router {
  const router = Router();
  router.post('/callbacks/:channelId/:reader', withTemplate, (req, res) => receive(deps, req, res));
  return router;
}

const withTemplate: RequestHandler = (_req, res, next) => {
  res.locals['template'] = '/callbacks/{channelId}/{reader}';
  next();
};

async function receive(deps: CallbackDeps, req: Request, res: Response): Promise<void> {
  const { channelId = '', reader: name = '' } = req.params as { channelId?: string; reader?: string };
  const channel = isUuid(channelId) ? await findChannel(deps.db, channelId.toLowerCase()) : undefined;
  const reader = deps.readers.get(name);
  if (!channel || !reader || channel.provider !== name) throw new VolleyError('not_found', NOT_HERE);
  const opened = await open(deps, channel);
  if (!opened) throw new VolleyError('not_found', NOT_HERE);
  const { room = callbacksRoom } = deps;
  await room.withBytes(req, res, MAX_CALLBACK_BYTES, async (bytes) => {
    const result = reader.read(requestOf(deps, req, bytes), opened);
    await record(deps, channel, result, res);
  });
}

/** Keeps what a verified call tells, in one transaction, and answers. */
async function record(
  deps: CallbackDeps,
  channel: Channel,
  result: CallbackResult,
  res: Response,
): Promise<void> {
  const { workspaceId, id: channelId, provider: name } = channel;
  if (!result.ok) {
    deps.log.warn({ event: 'callback.refused', channelId, provider: name, reason: result.reason });
    writeReply(res, { status: result.status, body: { message: result.reason } });
    return;
  }
  const recorded = await deps.db.transaction(async (tx) => {
    const done = await recordProviderEvents(tx, { workspaceId, channelId }, result.events);
    await suppressTold(tx, workspaceId, name, done.told);
    return done;
  });
  const { stored, unknown } = recorded;
  deps.log.info({
    event: 'callback.recorded',
    channelId,
    provider: name,
    events: result.events.length,
    stored,
    unknown,
  });
  writeReply(res, { status: 200, body: { received: result.events.length, stored } });
}

/** The channel with its secrets, for the moment of verifying; undefined when it cannot be read any more. */
async function open(deps: CallbackDeps, channel: Channel): Promise<CallbackChannel | undefined> {
  const provider = deps.providers.get(channel.provider);
  if (!provider) return undefined;
  const { workspaceId, id: channelId } = channel;
  const settings = provider.settings.safeParse(channel.settings);
  const sealed = await openCredentials(deps.db, deps.secretBox, { workspaceId, channelId });
  const credentials = provider.credentials.safeParse(sealed ?? {});
  if (!settings.success || !credentials.success) return undefined;
  return { workspaceId, settings: settings.data, credentials: credentials.data };
}

function requestOf(
  { publicUrl, now = Date.now }: CallbackDeps,
  req: Request,
  rawBody: Buffer,
): CallbackRequest {
  const query = Object.fromEntries([...parseQuery(req.originalUrl)].map(([name, [value]]) => [name, value]));
  return {
    headers: req.headers,
    rawBody,
    url: publicUrl.replace(/\/$/, '') + req.originalUrl,
    query,
    nowMs: now(),
  };
}
