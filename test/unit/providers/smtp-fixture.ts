import { parseEgressAllow } from '../../../src/providers/egress/address-policy';
import { createEgress, type Egress } from '../../../src/providers/egress/guarded-client';
import { type Outcome, type SendRequest } from '../../../src/providers/contract';
import { createSmtp } from '../../../src/providers/smtp';
import { requestFor } from '../../support/provider-conformance';
import { type SmtpSink, startSmtpSink } from '../../support/sinks/smtp-sink';

export const LOOPBACK = parseEgressAllow('127.0.0.0/8');
/** Short, for the tests that run into them; long enough for a megabyte on a busy machine. */
export const TIMEOUTS = { connectMs: 2_000, totalMs: 4_000 };
export const LOGIN = { user: 'mailer', pass: 'hush-hush' };

/** A channel to a server on loopback, with `more` settings. */
export const channelTo = (port: number, more: object = {}, credentials: object = {}) => ({
  id: `channel-${port}`,
  kind: 'email' as const,
  settings: {
    host: '127.0.0.1',
    port,
    identities: ['news@example.com', '@example.org'],
    poolSize: 2,
    ...more,
  },
  credentials,
});

/** A request's content with `changes`. */
export const content = (changes: object): Pick<SendRequest, 'content'> => ({
  content: { text: 'Text', headers: {}, attachments: [], images: [], actions: [], ...changes },
});

export interface SmtpFixture {
  readonly sink: SmtpSink;
  readonly egress: Egress;
  requestWith(changes?: Partial<SendRequest>): SendRequest;
  send(request: SendRequest): Promise<Outcome>;
  close(): Promise<void>;
}

/** A sink, and the provider that sends to it. */
export async function startSmtpFixture(): Promise<SmtpFixture> {
  const sink = await startSmtpSink();
  const egress = createEgress({ allow: LOOPBACK });
  const smtp = createSmtp({ egress, timeouts: TIMEOUTS });
  return {
    sink,
    egress,
    requestWith: (changes = {}) =>
      requestFor({ channel: channelTo(sink.port), to: 'ada@example.com' }, changes),
    send: (request) => smtp.send(request as never, new AbortController().signal),
    async close() {
      smtp.close();
      await sink.close();
      await egress.close();
    },
  };
}
