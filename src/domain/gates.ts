import { type ChannelKind } from './kinds';
import { type GateSettings, type GateWishes } from './gate-wishes';
import { nextOpeningMs, parseOpeningHours } from './opening-hours';
import { weighPreferences, type PreferenceFacts } from './preferences';
import { quietUntilMs } from './quiet-hours';
import { type SkipReason } from './reasons';

/** An address of the message, and whether it gets nothing any more. */
export interface Receiver {
  readonly address: string;
  readonly stopped?: 'suppressed' | 'unsubscribed';
}

export interface RouteFacts {
  /** Its place among the message's routes. */
  readonly index: number;
  readonly kind: ChannelKind;
  readonly to: readonly Receiver[];
  /** Other messages within the cap's period, to this recipient over this channel. */
  readonly capUsed: number;
}

/** All that the gates judge by, as it stood at one moment of the ledger. Times are epoch ms by the ledger's clock. */
export interface GateFacts {
  readonly nowMs: number;
  readonly canceled: boolean;
  readonly attempts: number;
  readonly validUntilMs: number | null;
  /** When the job was run: what delays and time-outs count from. */
  readonly startedAtMs: number;
  readonly wishes: GateWishes;
  readonly preference: PreferenceFacts;
  /** The next route first. Never empty. */
  readonly routes: readonly RouteFacts[];
  /** A call went out over the first of them: it is that one or none (never fail over in doubt). */
  readonly routeTried: boolean;
  readonly cc: readonly Receiver[];
  readonly bcc: readonly Receiver[];
  /** Where the recipient stands among all, 0 to 100: the same for ever. */
  readonly holdoutPoint: number;
  /** From profile or phone; undefined: the workspace's own zone counts. */
  readonly zone: string | undefined;
  readonly settings: GateSettings;
}

export type Decision =
  | {
      readonly type: 'go';
      readonly route: number;
      readonly dropTo: readonly string[];
      readonly dropCc: readonly string[];
      readonly dropBcc: readonly string[];
    }
  | { readonly type: 'cancel' }
  | { readonly type: 'skip'; readonly reason: SkipReason }
  | { readonly type: 'fail'; readonly reason: 'expired' }
  | { readonly type: 'wait'; readonly waitReason: 'quiet_hours' | 'delay'; readonly waitMs: number };

/** What the gates make of the facts before they judge: worked out once. */
interface Case extends GateFacts {
  readonly required: boolean;
  readonly refusal: 'opted_out' | 'opt_in_required' | undefined;
  /** The first route by a kind that the recipient takes. */
  readonly route: RouteFacts | undefined;
  readonly expiresAtMs: number;
}

type Gate = (facts: Case) => Decision | undefined;
type Stop = Exclude<Decision, { type: 'go' }>;

const skip = (reason: SkipReason): Stop => ({ type: 'skip', reason });

/**
 * Asked in this order, and the first that objects gives the one reason. First what ends the message whatever else holds; then
 * what the recipient wants, before what the workspace measures; what only takes time comes last, because it is all asked again
 * afterwards (docs/decisions/0021-gates.md).
 */
export const GATES = {
  canceled: (facts) => (facts.canceled ? { type: 'cancel' } : undefined),
  validity(facts) {
    if (facts.nowMs < facts.expiresAtMs) return undefined;
    // Before any attempt nothing was tried, so nothing failed.
    return facts.attempts > 0 ? { type: 'fail', reason: 'expired' } : skip('expired');
  },
  unsubscribed(facts) {
    if (facts.required || facts.wishes.transactional) return undefined;
    const to = facts.route?.to ?? [];
    const all = to.length > 0 && to.every(({ stopped }) => stopped !== undefined);
    return all && to.some(({ stopped }) => stopped === 'unsubscribed') ? skip('unsubscribed') : undefined;
  },
  preference(facts) {
    if (facts.refusal) return skip(facts.refusal);
    return facts.route ? undefined : skip('opted_out');
  },
  suppression(facts) {
    const to = facts.route?.to ?? [];
    return to.length > 0 && to.every((one) => isStopped(one, facts)) ? skip('suppressed') : undefined;
  },
  holdout({ wishes, holdoutPoint, settings }) {
    if (wishes.ignoreGlobalHoldout) return undefined;
    return wishes.heldOut || holdoutPoint < settings.holdoutPercent ? skip('holdout') : undefined;
  },
  cap({ wishes, route, settings }) {
    return wishes.capFrequency && (route?.capUsed ?? 0) >= settings.cap.count ? skip('cap') : undefined;
  },
  quietHours({ wishes, settings: { quietHours }, ...facts }) {
    if (!quietHours || wishes.ignoreQuietHours) return undefined;
    return wait(facts, 'quiet_hours', quietUntilMs(quietHours, facts.nowMs, zoneOf(facts, quietHours.zone)));
  },
  delay(facts) {
    const { durationMs = 0, untilMs = 0 } = facts.wishes.delay ?? {};
    return wait(facts, 'delay', Math.max(facts.startedAtMs + durationMs, untilMs));
  },
  deliveryWindow(facts) {
    const { hours, zone } = facts.wishes.delay ?? {};
    return hours === undefined
      ? undefined
      : wait(facts, 'delay', opening(hours, facts, zone ?? zoneOf(facts)));
  },
  workspaceWindow(facts) {
    const window = facts.settings.deliveryWindow;
    if (!window || facts.wishes.ignoreQuietHours) return undefined;
    return wait(facts, 'delay', opening(window.hours, facts, zoneOf(facts, window.zone)));
  },
} as const satisfies Readonly<Record<string, Gate>>;

/**
 * What is asked before a call that was begun is made again: what ends a message, and what the recipient wants. Holdout, caps, quiet
 * hours and windows concern the beginning, which is past.
 */
const OF_WHAT_WAS_BEGUN: ReadonlySet<string> = new Set<keyof typeof GATES>([
  'canceled',
  'validity',
  'unsubscribed',
  'preference',
  'suppression',
]);

/** One decision, for one reason. `begun`: about a call that may have been made already. Pure: the same facts, the same decision. */
export function decide(given: GateFacts, begun = false): Decision {
  const facts = toCase(given);
  for (const [name, gate] of Object.entries<Gate>(GATES)) {
    if (begun && !OF_WHAT_WAS_BEGUN.has(name)) continue;
    const decision = gate(facts);
    if (decision) return decision;
  }
  const dropped = (receivers: readonly Receiver[]): string[] =>
    receivers.filter((one) => isStopped(one, facts)).map(({ address }) => address);
  const route = facts.route as RouteFacts;
  return {
    type: 'go',
    route: route.index,
    dropTo: dropped(route.to),
    dropCc: dropped(facts.cc),
    dropBcc: dropped(facts.bcc),
  };
}

function toCase(facts: GateFacts): Case {
  const { required, refusal, channels } = weighPreferences(facts.preference);
  const candidates = facts.routeTried ? facts.routes.slice(0, 1) : facts.routes;
  const chosen = candidates.find(({ kind }) => channels === undefined || channels.includes(kind));
  const { validForMs, validUntilMs } = facts.wishes;
  return {
    ...facts,
    required,
    refusal,
    // What is required is sent over a channel that was not chosen rather than not at all.
    route: chosen ?? (required ? candidates[0] : undefined),
    expiresAtMs: Math.min(
      facts.validUntilMs ?? Infinity,
      validUntilMs ?? Infinity,
      validForMs === undefined ? Infinity : facts.startedAtMs + validForMs,
    ),
  };
}

/** An unsubscription is a preference: it stops nothing that is required or transactional. A dead address takes nothing. */
function isStopped({ stopped }: Receiver, { required, wishes }: Case): boolean {
  return stopped === 'suppressed' || (stopped === 'unsubscribed' && !required && !wishes.transactional);
}

function zoneOf({ zone }: Pick<GateFacts, 'zone'>, ownZone = 'UTC'): string {
  return zone ?? ownZone;
}

/** Hours are checked where they come in; ones that could not be read would hold nobody back. */
function opening(hours: string, { nowMs }: Pick<GateFacts, 'nowMs'>, zone: string): number | undefined {
  const parsed = parseOpeningHours(hours);
  return parsed && nextOpeningMs(parsed, nowMs, zone);
}

/** Waits no longer than the message is worth sending: that it expired is then told in time. */
function wait(
  { nowMs, expiresAtMs }: Pick<Case, 'nowMs' | 'expiresAtMs'>,
  waitReason: 'quiet_hours' | 'delay',
  untilMs: number | undefined,
): Decision | undefined {
  if (untilMs === undefined || untilMs <= nowMs) return undefined;
  return { type: 'wait', waitReason, waitMs: Math.min(untilMs, expiresAtMs) - nowMs };
}
