import { FATES, movesOf, type Step } from '../domain/callback-moves';
import { fateDetail } from '../domain/fate-detail';
import { type ChannelKind } from '../domain/kinds';
import { type Recipient } from '../domain/message-spec';
import { type ProviderEvent } from '../providers/callbacks/contract';
import { type Tx } from './database';
import { normalAddress } from './fact-keys';
import { findDeliveries, lockStandings, type DeliveryMatch, type StandingRow } from './callback-reads';
import { applyMoves, noteEvents, type Noted, type ToldStep } from './callback-writes';

export interface Recorded {
  /** Facts that were new, and are in a timeline now. */
  readonly stored: number;
  /** Facts that name no delivery of this channel: dropped. */
  readonly unknown: number;
  /** What was new and says that an address should not be written to: for whoever keeps suppressions. */
  readonly told: readonly AddressFact[];
}

export interface AddressFact {
  readonly messageId: string;
  readonly kind: ChannelKind;
  readonly address: string;
  readonly type: 'bounced' | 'complained' | 'unsubscribed';
  /** Of `bounced`: for good. */
  readonly hard: boolean;
}

/** Facts that are an event of their own; the others are told by the move that they explain, or say nothing new. */
const NOTED: readonly string[] = ['deferred', 'complained', 'opened', 'clicked', 'unsubscribed', ...FATES];

interface Fact {
  readonly event: ProviderEvent;
  readonly delivery: DeliveryMatch;
  readonly copy: boolean;
}

/**
 * Writes down what a vendor told of one channel's deliveries, in a few statements for any number of facts: each fact once,
 * and with it, in the same transaction, the moves that it explains. Late, repeated and reordered facts are harmless, and so
 * is one that beats the answer of its own call. A fact of another channel or workspace is dropped.
 */
export async function recordProviderEvents(
  tx: Tx,
  channel: { readonly workspaceId: string; readonly channelId: string },
  events: readonly ProviderEvent[],
): Promise<Recorded> {
  const matches = await findDeliveries(tx, channel, events);
  const ids = [...new Set(matches.flatMap((match) => (match ? [match.messageId] : [])))];
  const standings = await lockStandings(
    tx,
    ids,
    events.map(({ dedupe }) => dedupeIn(channel.channelId, dedupe)),
  );
  const byMessage = new Map<string, Fact[]>();
  let known = 0;
  events.forEach((event, index) => {
    const delivery = matches[index];
    const standing = delivery && standings.get(delivery.messageId);
    if (!delivery || !standing) return;
    known += 1;
    if (standing.known.has(dedupeIn(channel.channelId, event.dedupe))) return;
    const facts = byMessage.get(delivery.messageId) ?? [];
    if (facts.some((fact) => fact.event.dedupe === event.dedupe)) return;
    facts.push({ event, delivery, copy: isCopy(event, delivery, standing.recipient) });
    byMessage.set(delivery.messageId, facts);
  });

  const noted: Noted[] = [];
  const moves: { standing: StandingRow; steps: readonly ToldStep[] }[] = [];
  const told: AddressFact[] = [];
  let stored = 0;
  for (const [messageId, facts] of byMessage) {
    const standing = standings.get(messageId);
    if (!standing) continue;
    const own = facts.filter(({ copy, delivery }) => !copy && delivery.route === standing.route);
    const steps = movesOf(standing, new Set(own.map(({ event }) => event.type)));
    moves.push({ standing, steps: steps.map((step) => ({ ...step, detail: detailOf(step, own) })) });
    const rows = explain(channel.channelId, standing, steps, facts, own);
    noted.push(...rows);
    stored += rows.filter(({ dedupe }) => dedupe !== null).length;
    told.push(...facts.flatMap((fact) => addressFact(fact, standing)));
  }
  await noteEvents(tx, channel.workspaceId, noted);
  await applyMoves(tx, moves);
  return { stored, unknown: events.length - known, told };
}

/** One row a fact that says something, under the name of the state that it led to; and one for each move without a fact. */
function explain(
  channelId: string,
  standing: StandingRow,
  steps: readonly Step[],
  facts: readonly Fact[],
  own: readonly Fact[],
): Noted[] {
  const rows: Noted[] = [];
  const told = new Set<Fact>();
  const row = (type: string, fact: Fact | undefined, data: Record<string, unknown>): void => {
    const { messageId, sinceMs } = standing;
    const atMs = Math.max(fact?.event.atMs ?? earliest(facts), sinceMs);
    rows.push({ messageId, type, atMs, data, dedupe: fact ? dedupeIn(channelId, fact.event.dedupe) : null });
    if (fact) told.add(fact);
  };
  for (const { to, reason } of steps) {
    const cause = causeOf({ to, reason }, own);
    if (to === 'sending') row('recovered', undefined, { callback: true });
    else row(to, cause, { callback: true, ...(reason ? { reason } : {}), ...(cause ? saidBy(cause) : {}) });
  }
  for (const fact of facts) {
    if (told.has(fact) || !NOTED.includes(fact.event.type)) continue;
    row(fact.event.type, fact, { ...saidBy(fact), ...(fact.copy ? { copy: true } : {}) });
  }
  return rows;
}

/** Of several bounces told at once, the one that condemns the address. */
function causeOf({ to, reason }: Step, own: readonly Fact[]): Fact | undefined {
  const causes = own.filter(({ event }) => event.type === (reason ?? to));
  return causes.find(({ event }) => event.hard === true) ?? causes[0];
}

function detailOf(step: Step, own: readonly Fact[]): string | null {
  const cause = step.reason === null ? undefined : causeOf(step, own);
  return cause ? fateDetail(cause.event) : null;
}

function saidBy({ event, delivery }: Fact): Record<string, unknown> {
  const { detail, code, hard, url } = event;
  return {
    deliveryId: delivery.deliveryId,
    ...(detail === undefined ? {} : { detail }),
    ...(code === undefined ? {} : { code }),
    ...(hard === undefined ? {} : { hard }),
    ...(url === undefined ? {} : { url }),
  };
}

function earliest(facts: readonly Fact[]): number {
  return Math.min(...facts.map(({ event }) => event.atMs));
}

/** A vendor's id of a fact is unique within a channel, and a timeline may have facts of several. */
function dedupeIn(channelId: string, dedupe: string): string {
  return `${channelId}/${dedupe}`;
}

/** What becomes of a copy is no fate of the message: only an address that is a copy's and not the recipient's own is one. */
function isCopy(
  { recipient }: ProviderEvent,
  { kind }: DeliveryMatch,
  { addresses, ...others }: Recipient,
): boolean {
  if (recipient === undefined) return false;
  // Vendors and bounces name the domain as DNS knows it; here it stands as it was given.
  const named = normalAddress(kind, recipient);
  const main = mainAddress(addresses, kind);
  if (main !== undefined && normalAddress(kind, main) === named) return false;
  const copies = [...(others.alsoTo ?? []), ...(others.cc ?? []), ...(others.bcc ?? [])];
  return copies.some((address) => normalAddress(kind, address) === named);
}

function addressFact({ event, delivery, copy }: Fact, { recipient, messageId }: StandingRow): AddressFact[] {
  const { type } = event;
  if (type !== 'bounced' && type !== 'complained' && type !== 'unsubscribed') return [];
  const address = copy ? event.recipient : mainAddress(recipient.addresses, delivery.kind);
  return address === undefined
    ? []
    : [{ messageId, kind: delivery.kind, address, type, hard: event.hard === true }];
}

function mainAddress(addresses: Recipient['addresses'], kind: ChannelKind): string | undefined {
  return addresses[kind] ?? addresses.any;
}
