import { type Route } from '../../src/domain/routing';
import { decide, type Decision } from '../../src/domain/gates';
import { weighPreferences } from '../../src/domain/preferences';
import { type DeliverResult } from '../../workflows/contract';
import { type Refused, type Seal } from '../../src/ledger/attempts';
import { type Db } from '../../src/ledger/database';
import { type DeliveryContext } from '../../src/ledger/delivery-context';
import { readGateFacts, type SealedFacts } from '../../src/ledger/gate-facts';
import { type ProviderRegistry } from '../../src/providers/registry';
import { type DeliveryRules } from '../dependencies';
import { type LinkFacts } from './links';
import { afterRefusal, move, wait } from './refusals';
import { routesOf } from './routes';

type Go = Extract<Decision, { type: 'go' }>;
export type Stopped = Exclude<Decision, Go>;

export interface Passed {
  /** The message as it may be sent: over the route that the recipient takes, without receivers that get nothing. */
  readonly message: DeliveryContext;
  /** What the claim has to find unchanged; absent where the message has nowhere to go, which `prepare` says. */
  readonly seal?: Seal;
  /** What the gates object to. */
  readonly stopped?: Stopped;
  readonly links?: LinkFacts;
  /** It is not this message's turn: only a cancel moves it now. */
  readonly idle?: Refused;
}

/** Asks the gates about one message as the ledger stands now. Writes nothing. */
export async function askGates(
  deps: { db: Db; providers: ProviderRegistry },
  messageId: string,
  message: DeliveryContext,
): Promise<Passed> {
  const [fault] = message.spec.faults ?? [];
  const routing = fault ? undefined : routesOf(message, deps.providers);
  const routes = routing?.ok ? routing.routes.slice(message.route) : [];
  if (!routing?.ok || routes.length === 0) return { message };
  const first = message.route;
  return judge(message, routing.routes, await readGateFacts(deps.db, { messageId, message, routes, first }));
}

/** What the gates make of a message's facts. `routes` are all of its routes. Pure. */
export function judge(
  message: DeliveryContext,
  routes: readonly Route[],
  { facts, links: settings, idle, sealFor }: SealedFacts,
): Passed {
  const first = message.route;
  const optional = !facts.wishes.transactional && !weighPreferences(facts.preference).required;
  const links: LinkFacts = { settings, optional };
  const either = { links, ...(idle ? { idle } : {}) };
  const decision = decide(facts, message.state === 'sending');
  if (decision.type !== 'go') return { ...either, message, seal: sealFor(first), stopped: decision };
  return {
    ...either,
    message: withoutDropped({ ...message, route: decision.route }, routes[decision.route], decision),
    seal: sealFor(decision.route, droppedOf(decision)),
  };
}

/** Turns the gates' no into the message's next state. A wait ends in asking them all again. */
export async function afterGates(
  db: Db,
  rules: DeliveryRules,
  input: { messageId: string; jobKind: DeliveryContext['jobKind']; gates: Passed; stopped: Stopped },
): Promise<DeliverResult> {
  const { messageId, jobKind, stopped } = input;
  const { idle, message } = input.gates;
  if (idle && stopped.type !== 'cancel') {
    return afterRefusal(db, rules, { messageId, jobKind, message, refusal: idle });
  }
  switch (stopped.type) {
    case 'cancel':
      return move(db, messageId, { to: 'canceled', reason: 'canceled' });
    case 'skip':
      return move(db, messageId, { to: 'skipped', reason: stopped.reason });
    case 'fail':
      return move(db, messageId, { to: 'failed', reason: stopped.reason });
    case 'wait':
      return wait(db, rules, { messageId, jobKind, reason: stopped.waitReason, waitMs: stopped.waitMs });
  }
}

/** The first address that is left is the one written to; an envelope may lose some, never all. */
function withoutDropped(message: DeliveryContext, route: Route | undefined, go: Go): DeliveryContext {
  const { recipient } = message.spec;
  const without = (list: readonly string[] | undefined, dropped: readonly string[]) =>
    (list ?? []).filter((address) => !dropped.includes(address));
  if (go.dropTo.length + go.dropCc.length + go.dropBcc.length === 0) return message;
  const to = without([...(route ? [route.address] : []), ...(recipient.alsoTo ?? [])], go.dropTo);
  const [address = route?.address ?? '', ...alsoTo] = to;
  return {
    ...message,
    spec: {
      ...message.spec,
      recipient: {
        ...recipient,
        addresses: route ? { ...recipient.addresses, [route.kind]: address } : recipient.addresses,
        alsoTo,
        cc: without(recipient.cc, go.dropCc),
        bcc: without(recipient.bcc, go.dropBcc),
      },
    },
  };
}

function droppedOf(go: Go): Seal['dropped'] {
  const lists = [
    ['to', go.dropTo],
    ['cc', go.dropCc],
    ['bcc', go.dropBcc],
  ] as const;
  return lists
    .filter(([, dropped]) => dropped.length > 0)
    .map(([role, { length: count }]) => ({ kind: 'email', role, count }));
}
