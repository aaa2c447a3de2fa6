import { v7 as uuidv7 } from 'uuid';
import { VolleyError } from '../domain/errors';
import { OLD_SECRET_VALID_MS, type WebhookForm } from '../domain/webhooks';
import { type Db, type Tx } from '../ledger/database';
import {
  getEndpoint,
  insertEndpoint,
  openSecrets,
  sealSecrets,
  updateEndpoint,
  type EndpointChange,
  type EndpointRef,
  type WebhookEndpoint,
} from '../ledger/webhook-endpoints';
import { EgressError } from '../providers/egress/errors';
import { type Egress } from '../providers/egress/guarded-client';
import { type SecretBox, UnsealError } from '../runtime/secret-box';
import { newSecret } from '../webhooks/signatures';

/** A workspace has a few endpoints; a thousand are a loop that forgot to delete. */
const MAX_ENDPOINTS = 100;

export interface WebhookServiceDeps {
  readonly egress: Pick<Egress, 'checkUrl'>;
  readonly secretBox: SecretBox;
}

/** What both doors that manage endpoints share: the guard, the secrets, the limits. Throws VolleyError. */
export interface WebhookService {
  /**
   * The same guard that stands at each connection, asked early: a mistake is told to who makes it. Asks a name server, so never
   * within a transaction.
   */
  requireCallable(url: string): Promise<void>;
  /** `secret` undefined: one is made. @returns the endpoint and its secret, to be shown this once. */
  create(
    tx: Tx,
    input: {
      workspaceId: string;
      organizationId?: string;
      form: WebhookForm;
      url: string;
      description?: string | undefined;
      filters: unknown;
      eventTypes: readonly string[];
      secret?: string | undefined;
    },
  ): Promise<{ endpoint: WebhookEndpoint; secret: string }>;
  /** `secret` replaces all secrets at once; for a gentle change see `rotate`. */
  change(
    tx: Tx,
    ref: EndpointRef,
    change: Omit<EndpointChange, 'sealedSecrets'> & { secret?: string | undefined },
  ): Promise<WebhookEndpoint>;
  /** A new secret; the old one goes on signing beside it for a day where the form allows more than one signature. */
  rotate(tx: Tx, ref: EndpointRef, secret?: string): Promise<{ endpoint: WebhookEndpoint; secret: string }>;
  read(db: Db, ref: EndpointRef): Promise<WebhookEndpoint>;
}

export function createWebhookService({ egress, secretBox }: WebhookServiceDeps): WebhookService {
  const seal = (ref: EndpointRef, secrets: Parameters<typeof sealSecrets>[2]): Buffer =>
    sealSecrets(secretBox, ref, secrets);

  return {
    requireCallable: (url) => requireCallable(egress, url),
    async create(tx, input) {
      const [count] = await tx.query<{ n: number }>(
        'select count(*) as n from webhook_endpoints where workspace_id = $1 and deleted_at is null and parent_id is null',
        [input.workspaceId],
      );
      if ((count?.n ?? 0) >= MAX_ENDPOINTS) {
        throw new VolleyError(
          'invalid_request',
          `A workspace has ${MAX_ENDPOINTS} webhook endpoints at most: delete one first.`,
        );
      }
      const ref = { workspaceId: input.workspaceId, endpointId: uuidv7() };
      const secret = input.secret ?? newSecret(input.form);
      const endpoint = await insertEndpoint(tx, {
        ...input,
        id: ref.endpointId,
        sealedSecrets: seal(ref, [{ secret }]),
      });
      return { endpoint: found(endpoint), secret };
    },
    async change(tx, ref, { secret, ...change }) {
      const sealed = secret === undefined ? {} : { sealedSecrets: seal(ref, [{ secret }]) };
      return found(await updateEndpoint(tx, ref, { ...change, ...sealed }));
    },
    async rotate(tx, ref, given) {
      const { form } = found(await getEndpoint(tx, ref));
      const nowMs = Date.now();
      const secret = given ?? newSecret(form);
      // Secrets that do not open cannot sign any more: the new one stands alone, and mends the endpoint.
      const readable = await openSecrets(tx, secretBox, ref, nowMs).catch((error: unknown) => {
        if (error instanceof UnsealError) return [];
        throw error;
      });
      const old = readable.map((each) => ({
        secret: each.secret,
        until: each.until ?? nowMs + OLD_SECRET_VALID_MS,
      }));
      const kept = old.filter((each) => each.secret !== secret);
      const endpoint = await updateEndpoint(tx, ref, { sealedSecrets: seal(ref, [{ secret }, ...kept]) });
      return { endpoint: found(endpoint), secret };
    },
    async read(db, ref) {
      return found(await getEndpoint(db, ref));
    },
  };
}

async function requireCallable(egress: Pick<Egress, 'checkUrl'>, url: string): Promise<void> {
  try {
    await egress.checkUrl(url);
  } catch (error) {
    if (!(error instanceof EgressError)) throw error;
    throw new VolleyError('invalid_request', `This URL cannot be called. ${error.message}`, {
      details: [{ at: 'url', problem: error.message }],
      cause: error,
    });
  }
}

function found(endpoint: WebhookEndpoint | undefined): WebhookEndpoint {
  if (!endpoint) throw new VolleyError('not_found', 'There is no such webhook endpoint in this workspace.');
  return endpoint;
}
