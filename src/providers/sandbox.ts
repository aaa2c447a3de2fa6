import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { CHANNEL_KINDS, type ChannelKind } from '../domain/kinds';
import { type Outcome, type Provider, type SendRequest } from './contract';
import { type MagicOutcome, magicOutcomeOf } from './magic-recipients';

/** One call as the sandbox keeps it. Strings hold neither NUL nor lone surrogates, so any database takes them. */
export interface SandboxEntry {
  readonly key: string;
  readonly workspaceId: string;
  readonly channelId: string;
  readonly messageId: string;
  readonly deliveryId: string;
  readonly kind: ChannelKind;
  readonly address: string;
  readonly attempt: number;
  readonly title?: string;
  readonly text: string;
  readonly html?: string;
  readonly atMs: number;
}

/**
 * Where the sandbox writes down what it got: one row per key, each method one atomic upsert. Both throw when the store is
 * away; the sandbox then answers "ambiguous", since a commit may have gone through.
 */
export interface SandboxLog {
  /**
   * Accepts: `accepted_count` + 1, unless `deduplicate` and it is above 0 already. `call_count` + 1, unless `counted`
   * (a `countCall` of the same call came before). `firstTime`: whether it was accepted for the first time.
   */
  record(
    entry: SandboxEntry,
    options: { readonly deduplicate: boolean; readonly counted: boolean },
  ): Promise<{ firstTime: boolean }>;
  /** A call that is not (or not yet) accepted: `call_count` + 1, `accepted_count` as it is (0 in a new row). Returns the calls so far. */
  countCall(entry: SandboxEntry): Promise<number>;
}

const settingsSchema = z.strictObject({
  /** Whether a repeated key is accepted once only, as vendors with idempotency keys do. */
  deduplicate: z.boolean().default(true),
  /** Time that each call takes. */
  latencyMs: z.int().min(0).max(5_000).default(0),
});
export type SandboxSettings = z.output<typeof settingsSchema>;
const credentialsSchema = z.strictObject({});
export type SandboxCredentials = z.output<typeof credentialsSchema>;

const TOTAL_TIMEOUT_MS = 10_000;
const LATE_MS = 3_000;
const THROTTLE_MS = 2_000;
/** The sandbox remembers keys for ever; a day is what vendors that deduplicate promise. */
const DEDUPE_WINDOW_MS = 86_400_000;
/** Enough to look at; a table of test mails should not outgrow the ledger. */
const MAX_STORED_CHARACTERS = 100_000;

/** A vendor that sends nothing, serves every kind, and does what magic recipients ask for (`magic-recipients.ts`). */
export function createSandbox(deps: {
  log: SandboxLog;
  clock?: () => number;
  /** For tests: how long `hang` and `late` take. */
  timing?: { readonly hangMs: number; readonly lateMs: number };
}): Provider<SandboxSettings, SandboxCredentials> {
  const { log, clock = Date.now, timing = { hangMs: TOTAL_TIMEOUT_MS, lateMs: LATE_MS } } = deps;

  const accept = async (
    call: Call,
    counted: boolean,
    settled?: 'delivered' | 'bounced',
  ): Promise<Outcome> => {
    await log.record(call.entry, { deduplicate: call.deduplicate, counted });
    return {
      type: 'accepted',
      vendorId: `sandbox-${call.entry.deliveryId}`,
      ...(settled ? { settled } : {}),
    };
  };

  const perform: Record<MagicOutcome | 'none', (call: Call) => Promise<Outcome>> = {
    none: (call) => accept(call, false),
    delivered: (call) => accept(call, false, 'delivered'),
    bounce: (call) => accept(call, false, 'bounced'),
    async fail({ entry }) {
      await log.countCall(entry);
      return {
        type: 'permanent',
        code: 'sandbox_fail',
        message: 'Asked to fail.',
        reason: 'provider_refused',
      };
    },
    async 'fail-once'(call) {
      if (call.entry.attempt > 1) return accept(call, false);
      await log.countCall(call.entry);
      return { type: 'retryable', code: 'sandbox_fail_once', message: 'Asked to fail the first attempt.' };
    },
    async throttle(call) {
      // By calls of the key, not by attempt: being throttled costs none.
      if ((await log.countCall(call.entry)) > 1) return accept(call, true);
      const message = 'Asked to throttle the first call.';
      return { type: 'throttled', code: 'sandbox_throttle', message, retryAfterMs: THROTTLE_MS };
    },
    async hang({ entry, signal }) {
      await log.countCall(entry);
      await sleep(timing.hangMs, undefined, { signal });
      return { type: 'ambiguous', code: 'timeout', message: 'Asked not to answer.' };
    },
    async late(call) {
      await sleep(timing.lateMs, undefined, { signal: call.signal });
      return accept(call, false);
    },
  };

  return {
    name: 'sandbox',
    kinds: CHANNEL_KINDS,
    settings: settingsSchema,
    credentials: credentialsSchema,
    sandbox: true,
    totalTimeoutMs: TOTAL_TIMEOUT_MS,
    dedupeWindowMs: (settings) => (settings.deduplicate ? DEDUPE_WINDOW_MS : 0),
    async send(request, signal) {
      const { deduplicate, latencyMs } = request.channel.settings;
      const call: Call = { entry: entryOf(request, clock()), deduplicate, signal };
      try {
        signal.throwIfAborted();
        if (latencyMs > 0) await sleep(latencyMs, undefined, { signal });
        return await perform[magicOutcomeOf(request.to) ?? 'none'](call);
      } catch {
        if (signal.aborted) return { type: 'ambiguous', code: 'aborted', message: 'The call was stopped.' };
        return {
          type: 'ambiguous',
          code: 'sandbox_log_failed',
          message: 'The sandbox may not have noted the call.',
        };
      }
    },
  };
}

interface Call {
  readonly entry: SandboxEntry;
  readonly deduplicate: boolean;
  readonly signal: AbortSignal;
}

function entryOf(request: SendRequest, atMs: number): SandboxEntry {
  const { content, channel } = request;
  return {
    key: request.key,
    workspaceId: request.workspaceId,
    channelId: channel.id,
    messageId: request.messageId,
    deliveryId: request.deliveryId,
    kind: channel.kind,
    address: storable(request.to),
    attempt: request.attempt,
    ...(content.title === undefined ? {} : { title: storable(content.title) }),
    text: storable(content.text),
    ...(content.html === undefined ? {} : { html: storable(content.html) }),
    atMs,
  };
}

/** Postgres takes neither NUL nor half a surrogate pair, and a poison message must not fail for that. */
function storable(text: string): string {
  return text.slice(0, MAX_STORED_CHARACTERS).replace(/\0|\p{Surrogate}/gu, '\uFFFD');
}
