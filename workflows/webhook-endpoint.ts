import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  patched,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { webhooks } from './activities';
import {
  QUERIES,
  SIGNALS,
  type ChangedSignal,
  type WebhookInput,
  type WebhookStatusAnswer,
} from './contract';

/**
 * One endpoint, for as long as it is active. Drains its own queue in order, one activity at a time; after a failure it waits as
 * long as the ledger says, or until its owner changed something; with nothing to send it waits for the signal that says
 * "look". The ledger owns queue, failures and state: a run that is lost loses nothing, and the relay starts another.
 */
export async function webhookEndpoint(input: WebhookInput): Promise<{ ended: 'disabled' | 'deleted' }> {
  const { endpointId, settings } = input;
  const startedAtMs = Date.now();
  const seen = { looks: 0, wanted: input.carried?.version ?? 0 };
  const status = { step: 'starting', retryAtMs: null as number | null };
  setHandler(defineSignal<[Partial<ChangedSignal> | undefined]>(SIGNALS.changed), (given) => {
    seen.looks += 1;
    seen.wanted = Math.max(seen.wanted, toldBy(given?.version));
  });
  setHandler(
    defineQuery<WebhookStatusAnswer>(QUERIES.status),
    () => ({
      step: status.step,
      nextTry: status.retryAtMs === null ? null : new Date(status.retryAtMs).toISOString(),
    }),
    { description: 'What the endpoint is doing, and when it is tried again.' },
  );

  if (input.carried) await backOff(input.carried.waitMs, input.carried.version);
  for (;;) {
    const { looks, wanted } = seen;
    describe('delivering', null);
    const result = await webhooks.deliverWebhooks({ v: 1, endpointId });
    if (result.type === 'ended') {
      describe(result.why, null);
      return { ended: result.why };
    }
    if (result.type === 'failed') await backOff(result.waitMs, versionOf(result.version, wanted));
    else if (mustRenew()) await renew();
    else if (result.type === 'drained') {
      describe('idle', null);
      await condition(() => seen.looks > looks, renewInMs());
      if (mustRenew()) await renew();
    }
  }

  /** No version, or what is no number, tells of one that was not seen yet. Runs from before go on with what they made of it. */
  function toldBy(version: unknown): number {
    if (typeof version === 'number') return version;
    if (version === undefined || version === null)
      return patched('versions-as-found') ? Number.MAX_SAFE_INTEGER : seen.wanted + 1;
    return patched('numbers-alone') ? Number.MAX_SAFE_INTEGER : (version as number);
  }

  /**
   * The version that the drain found. What was told before it and is higher never was: kept, it would hide every true one.
   */
  function versionOf(found: number, told: number): number {
    if (told <= found || !patched('versions-as-found')) return Math.max(told, found);
    if (seen.wanted === told) seen.wanted = found;
    return found;
  }

  /** Only a change by the owner ends it early: new events do not make a dead endpoint any better. */
  async function backOff(waitMs: number, version: number): Promise<void> {
    const untilMs = Date.now() + waitMs;
    describe('backing off', untilMs);
    await condition(() => seen.wanted > version, Math.max(1, Math.min(waitMs, renewInMs())));
    const leftMs = seen.wanted > version ? 0 : Math.max(0, untilMs - Date.now());
    if (mustRenew()) await renew({ waitMs: leftMs, version: seen.wanted });
    if (leftMs > 0) await backOff(leftMs, version);
  }

  function mustRenew(): boolean {
    return workflowInfo().continueAsNewSuggested || seen.looks >= settings.maxSignals || renewInMs() <= 1;
  }

  function renewInMs(): number {
    return Math.max(1, settings.maxRunMs - (Date.now() - startedAtMs));
  }

  async function renew(carried?: WebhookInput['carried']): Promise<void> {
    const { carried: _, ...rest } = input;
    await continueAsNew<typeof webhookEndpoint>({ ...rest, ...(carried ? { carried } : {}) });
  }

  function describe(step: string, retryAtMs: number | null): void {
    if (status.step === step && status.retryAtMs === retryAtMs) return;
    status.step = step;
    status.retryAtMs = retryAtMs;
    setCurrentDetails(
      retryAtMs === null ? `**${step}**` : `**${step}** until ${new Date(retryAtMs).toISOString()}`,
    );
  }
}
