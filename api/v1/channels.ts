import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { VolleyError } from '../../src/domain/errors';
import { isUuid } from '../../src/domain/ids';
import {
  deleteChannel,
  getChannel,
  insertChannel,
  listChannels,
  lockChannel,
  sealCredentials,
  updateChannel,
  type Channel,
  type ChannelRef,
} from '../../src/ledger/channels';
import { type SecretBox } from '../../src/runtime/secret-box';
import { parseBody } from '../middleware/validation';
import { type Call, type CommandRoute, type ReadRoute, type Route } from '../route';
import {
  channelChangeSchema,
  channelSchema,
  checkCredentials,
  checkSettings,
  newChannelSchema,
  requireProvider,
  requireSameEndpoint,
  requireSameNetwork,
  type Providers,
} from './channel-input';
import { json, jsonBody, uuid, workspacePath } from './openapi-parts';

const PATH = '/v1/workspaces/{workspaceId}/channels';
const ITEM_PATH = `${PATH}/{channelId}`;
const itemParams = { path: workspacePath.extend({ channelId: uuid }) };

export interface ChannelDeps {
  readonly providers: Providers;
  readonly secretBox: SecretBox;
}

/** Ways out of a workspace: who may change them is who holds one of its keys. */
export function channelRoutes(deps: ChannelDeps): readonly Route[] {
  return [createRoute(deps), listRoute, readRoute, changeRoute(deps), deleteRoute];
}

function createRoute({ providers, secretBox }: ChannelDeps): CommandRoute {
  return {
    kind: 'command',
    method: 'post',
    path: PATH,
    auth: 'workspace',
    kept: withoutSecrets,
    openapi: {
      operationId: 'createChannel',
      summary: 'Create a channel',
      requestBody: jsonBody(newChannelSchema, {
        ...{ kind: 'webhook', provider: 'webhook', name: 'My endpoint' },
        settings: { url: 'https://hooks.example.com/volley' },
      }),
      responses: { '201': json('The channel, with the secrets that were generated for it.', channelSchema) },
    },
    async handle(call, tx) {
      const {
        provider: name,
        credentials: given,
        settings,
        ...rest
      } = parseBody(newChannelSchema, call.body);
      const provider = requireProvider(providers, name, rest.kind);
      const ref = { workspaceId: call.workspaceId, channelId: uuidv7() };
      const { credentials, shown } = checkCredentials(provider, given);
      const channel = await insertChannel(tx, {
        ...{ ...rest, id: ref.channelId, workspaceId: ref.workspaceId, provider: name },
        settings: checkSettings(provider, settings),
        sealedCredentials: sealCredentials(secretBox, ref, credentials),
      });
      return { status: 201, body: viewOf(found(channel), shown) };
    },
  };
}

const listRoute: ReadRoute = {
  kind: 'read',
  method: 'get',
  path: PATH,
  auth: 'workspace',
  openapi: {
    operationId: 'listChannels',
    summary: 'List channels',
    description: 'In the order in which they are tried within their kind.',
    responses: { '200': json('All channels.', z.object({ channels: z.array(channelSchema) })) },
  },
  async handle(call, db) {
    const channels = await listChannels(db, call.workspaceId);
    return { status: 200, body: { channels: channels.map((channel) => viewOf(channel)) } };
  },
};

const readRoute: ReadRoute = {
  kind: 'read',
  method: 'get',
  path: ITEM_PATH,
  auth: 'workspace',
  openapi: {
    operationId: 'getChannel',
    summary: 'Get a channel',
    requestParams: itemParams,
    responses: { '200': json('The channel.', channelSchema) },
  },
  async handle(call, db) {
    return { status: 200, body: viewOf(found(await getChannel(db, refOf(call)))) };
  },
};

function changeRoute({ providers, secretBox }: ChannelDeps): CommandRoute {
  return {
    kind: 'command',
    method: 'patch',
    path: ITEM_PATH,
    auth: 'workspace',
    openapi: {
      operationId: 'updateChannel',
      summary: 'Change a channel',
      description:
        'What is not given stays. settings and credentials are replaced whole; kind, provider and the network (twilio: sender) never change. Settings that lead to another server (smtp: host, port, TLS; sendgrid and twilio: baseUrl) need the credentials again.',
      requestParams: itemParams,
      requestBody: jsonBody(channelChangeSchema, { priority: 10, enabled: true }),
      responses: { '200': json('The channel as it is now.', channelSchema) },
    },
    async handle(call, tx) {
      const ref = refOf(call);
      const { settings, credentials: given, ...rest } = parseBody(channelChangeSchema, call.body);
      await lockChannel(tx, ref);
      const { provider: name, kind, settings: stored } = found(await getChannel(tx, ref));
      const provider = requireProvider(providers, name, kind);
      const wanted = settings === undefined ? undefined : checkSettings(provider, settings);
      if (wanted !== undefined) requireSameNetwork(provider, stored, wanted);
      if (wanted !== undefined && given === undefined) requireSameEndpoint(provider, stored, wanted);
      const made = given === undefined ? undefined : checkCredentials(provider, given);
      const channel = await updateChannel(tx, ref, {
        ...rest,
        ...(wanted === undefined ? {} : { settings: wanted }),
        ...(made ? { sealedCredentials: sealCredentials(secretBox, ref, made.credentials) } : {}),
      });
      return { status: 200, body: viewOf(found(channel), made?.shown) };
    },
  };
}

const deleteRoute: CommandRoute = {
  kind: 'command',
  method: 'delete',
  path: ITEM_PATH,
  auth: 'workspace',
  openapi: {
    operationId: 'deleteChannel',
    summary: 'Delete a channel',
    description: 'Nothing is sent through it any more and its credentials are forgotten.',
    requestParams: itemParams,
    responses: { '204': { description: 'Deleted.' } },
  },
  async handle(call, tx) {
    if (!(await deleteChannel(tx, refOf(call)))) throw noSuchChannel();
    return { status: 204 };
  },
};

function refOf(call: Call): ChannelRef {
  const channelId = call.params['channelId'] ?? '';
  if (!isUuid(channelId)) throw noSuchChannel();
  return { workspaceId: call.workspaceId, channelId: channelId.toLowerCase() };
}

function found(channel: Channel | undefined): Channel {
  if (!channel) throw noSuchChannel();
  return channel;
}

function noSuchChannel(): VolleyError {
  return new VolleyError('not_found', 'There is no such channel in this workspace.');
}

function viewOf({ workspaceId: _, ...channel }: Channel, secrets?: Readonly<Record<string, string>>) {
  return { ...channel, ...(secrets ? { secrets } : {}) };
}

function withoutSecrets(body: unknown): unknown {
  return { ...(body as object), secrets: undefined };
}
