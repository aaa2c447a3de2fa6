import { type SinkCounts } from '../../audit/receiver-checks';
import { type DemoInbox, type DemoMail } from '../../runtime/demo-inbox';
import { OperatorError } from '../../domain/operator-error';
import { columns, paint } from '../screen';
import { type BulkResult } from './bulk-part';
import { readMail } from './read-mail';
import { WELCOME } from './welcome';

const SHOWN_HEADERS = ['From', 'To', 'Subject'];

/** The German subject up to the name: whose subject says this, got the template in the language of their profile. */
const GERMAN_SUBJECT = WELCOME.locales.de.email.title.split(',', 1)[0] ?? '';

/** Shows one of the mails as it arrived, whatever the order in which they came: a German one, if there is one. */
export function showOneMail(mails: readonly DemoMail[]): void {
  const decoded = mails.map(({ raw }) => readMail(raw));
  const mail =
    decoded.find(({ headers }) => headers.get('subject')?.startsWith(GERMAN_SUBJECT)) ?? decoded[0];
  if (!mail) return;
  console.log(`\n${paint('bold', 'One of them')}, as it arrived:\n`);
  const lines = [
    ...SHOWN_HEADERS.map(
      (name) => `${paint('dim', `${name}:`.padEnd(9))}${mail.headers.get(name.toLowerCase()) ?? ''}`,
    ),
    '',
    ...mail.text.split('\n'),
  ];
  for (const line of lines) console.log(`  ${paint('dim', '│')} ${line}`.trimEnd());
}

/** The table at the end, in which the ledger's numbers and the inbox's have to be the same. @throws OperatorError if not. */
export function showResult(result: BulkResult, inbox: DemoInbox): void {
  const rows = Object.entries(result.counts).filter(([, n]) => n > 0);
  const mails = inbox.count();
  const people = new Set(inbox.last().flatMap(({ to }) => to)).size;
  console.log(
    `\n${paint('bold', 'The job')} after ${result.seconds.toFixed(1)} s, ${Math.round(result.received / result.seconds)} recipients a second:\n`,
  );
  const table: [string, number, string][] = [
    ['received', result.received, `= ${result.enqueued} enqueued + ${result.failures} failures`],
    ...rows.map(([state, n]): [string, number, string] => [`  ${state}`, n, REMARKS[state] ?? '']),
    ['e-mails in the inbox', mails, `to ${people} people`],
  ];
  for (const line of columns(table)) console.log(`  ${line}`);

  const sent = result.counts['sent'] ?? 0;
  const reachable = new Set(result.people.filter(({ email }) => email !== '').map(({ user_id }) => user_id))
    .size;
  const everyone = new Set(result.people.map(({ user_id }) => user_id)).size;
  const adds = result.received === everyone && result.received === result.enqueued + result.failures;
  if (!adds || sent !== reachable || mails !== sent || people !== sent) {
    throw new OperatorError(
      `The demo lost or doubled something: ${reachable} people have an address, ${sent} were sent, ${mails} e-mails came to ${people} of them.`,
    );
  }
}

const REMARKS: Readonly<Record<string, string>> = { rejected: 'no e-mail address in the file' };

/** What the inbox took, by idempotency key: our SMTP provider makes the Message-ID out of it. */
export function countsOf(mails: readonly DemoMail[]): SinkCounts {
  const counts: Record<string, number> = {};
  for (const { raw } of mails) {
    const key = /^<(.*)@volley>$/.exec(readMail(raw).headers.get('message-id') ?? '')?.[1];
    if (key !== undefined) counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
