import { type Command } from 'commander';
import { fromCourierId, toCourierId } from '../domain/ids';
import { type Database } from '../ledger/database';
import { loadDelivery } from '../ledger/delivery-context';
import { readEvents, readMessageRow } from '../ledger/read-messages';
import { type EventView, type MessageView } from '../service/views';
import { shownJobId } from './audit-table';
import { OperatorError } from '../domain/operator-error';
import { withLedger } from './reach';
import { columns, printPairs } from './screen';

export function addMessageCommand(program: Command): void {
  program
    .command('message')
    .description('look at one message')
    .command('show')
    .argument('<messageId>', 'in either form of its id')
    .description('where it stands, how it went out, and its timeline')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nAddresses and content are left out: the API shows them to whoever holds the key.',
    )
    .action((id: string, { json }: { json?: boolean }) => withLedger((db) => showMessage(db, id, json)));
}

async function showMessage(db: Database, given: string, json: boolean | undefined): Promise<void> {
  const messageId = fromCourierId(given);
  const context = messageId === undefined ? undefined : await loadDelivery(db, messageId);
  const ref = { workspaceId: context?.workspaceId ?? '', messageId: messageId ?? '' };
  const message = context && (await readMessageRow(db, ref));
  if (!message) throw new OperatorError(`This ledger has no message ${given}.`);
  const timeline = await readEvents(db, ref);
  if (json)
    console.log(JSON.stringify({ ...factsOf(message), timeline: timeline.map(eventOf) }, undefined, 2));
  else print(message, timeline);
}

/** All but who and what: those are personal data. */
function factsOf(message: MessageView) {
  const { spec: _who, echo: _given, detail: _said, ...facts } = message;
  return facts;
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
