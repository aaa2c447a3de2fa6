import { Argument, type Command } from 'commander';
import { fromCourierId, toCourierId } from '../domain/ids';
import { type Database } from '../ledger/database';
import { loadDelivery } from '../ledger/delivery-context';
import { readEvents, readMessageRow } from '../ledger/read-messages';
import { settleByHand, TOLD_BY_HAND, type ToldByHand } from '../service/settle-by-hand';
import { type EventView, type MessageView } from '../service/views';
import { shownJobId } from './audit-table';
import { OperatorError } from '../domain/operator-error';
import { withLedger } from './reach';
import { columns, printPairs } from './screen';

export function addMessageCommand(program: Command): void {
  const message = program.command('message').description('look at one message, or say what became of it');
  message
    .command('show')
    .argument('<messageId>', 'in either form of its id')
    .description('where it stands, how it went out, and its timeline')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nAddresses and content are left out: the API shows them to whoever holds the key.',
    )
    .action((id: string, { json }: { json?: boolean }) => withLedger((db) => showMessage(db, id, json)));
  message
    .command('settle')
    .argument('<messageId>', 'one that is uncertain or failed, or waits behind a call in doubt')
    .addArgument(new Argument('<outcome>', 'what the provider says became of it').choices(TOLD_BY_HAND))
    .description('say what became of a message whose outcome is not known')
    .addHelpText(
      'after',
      '\nAs if the provider had told it: counts, timeline and webhooks follow, no address is suppressed.' +
        '\nOne that was never sent is sent by the API: POST /messages/{messageId}/resend.',
    )
    .action((id: string, outcome: ToldByHand) => withLedger((db) => settleMessage(db, id, outcome)));
}

async function settleMessage(db: Database, given: string, outcome: ToldByHand): Promise<void> {
  const { messageId } = await findMessage(db, given);
  await db.transaction((tx) => settleByHand(tx, messageId, outcome));
  await showMessage(db, given, false);
}

/** The message that an id in either form names. @throws OperatorError where the ledger has none. */
async function findMessage(db: Database, given: string): Promise<MessageView> {
  const messageId = fromCourierId(given);
  const context = messageId === undefined ? undefined : await loadDelivery(db, messageId);
  const ref = { workspaceId: context?.workspaceId ?? '', messageId: messageId ?? '' };
  const message = context && (await readMessageRow(db, ref));
  if (!message) throw new OperatorError(`This ledger has no message ${given}.`);
  return message;
}

async function showMessage(db: Database, given: string, json: boolean | undefined): Promise<void> {
  const message = await findMessage(db, given);
  const timeline = await readEvents(db, message);
  if (json)
    console.log(JSON.stringify({ ...factsOf(message), timeline: timeline.map(eventOf) }, undefined, 2));
  else print(message, timeline);
}

/** All but who and what: those are personal data. */
function factsOf(message: MessageView) {
  const { spec: _who, echo: _given, detail: _said, ...facts } = message;
  const deliveries = facts.deliveries.map(({ detail: _answer, ...delivery }) => delivery);
  return { ...facts, deliveries };
}

function eventOf({ at, type, data }: EventView) {
  const { detail: _said, ...rest } = data;
  return { at, type, data: rest };
}

function print(message: MessageView, timeline: readonly EventView[]): void {
  const batch = message.jobKind === 'batch';
  printPairs([
    ['message', batch ? message.messageId : toCourierId(message.messageId)],
    [
      'job',
      `${shownJobId({ kind: message.jobKind, jobId: message.jobId })} (${message.jobKind}, place ${message.ordinal})`,
    ],
    ['recipient', message.recipientId],
    [
      'state',
      [message.state, message.reason, message.state === 'waiting' && message.waitReason]
        .filter(Boolean)
        .join(', '),
    ],
    ...(message.state === 'waiting' ? ([['due', message.dueAt.toISOString()]] as const) : []),
    ...message.deliveries.map(
      ({ id, kind, provider }) => ['delivery', `${id} by ${kind}, ${provider}`] as const,
    ),
  ]);
  console.log('');
  const rows = timeline.map((event) => [event.at.toISOString(), event.type, factsIn(event)]);
  for (const line of columns(rows)) console.log(`  ${line}`);
}

function factsIn(event: EventView): string {
  return Object.entries(eventOf(event).data)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');
}
