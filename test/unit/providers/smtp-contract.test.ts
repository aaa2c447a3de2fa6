import { type SendRequest } from '../../../src/providers/contract';
import { createEgress } from '../../../src/providers/egress/guarded-client';
import { createSmtp } from '../../../src/providers/smtp';
import { describeProvider, type ProviderHarness } from '../../support/provider-conformance';
import { type SmtpScript, startSmtpSink } from '../../support/sinks/smtp-sink';
import { channelTo, LOGIN, LOOPBACK, TIMEOUTS } from './smtp-fixture';

async function startHarness(): Promise<ProviderHarness> {
  const sink = await startSmtpSink({ auth: LOGIN });
  const egress = createEgress({ allow: LOOPBACK });
  const smtp = createSmtp({ egress, timeouts: TIMEOUTS });
  const channel = channelTo(sink.port, { requireTls: false }, LOGIN);
  const playing =
    (script: SmtpScript, more: Partial<SendRequest> = {}) =>
    () => {
      sink.reset();
      sink.script(script);
      return more;
    };
  return {
    provider: smtp,
    channel,
    to: 'quentin.k7q@example.com',
    secrets: ['hush-hush', 'k7q'],
    arrange: {
      accepts: playing({}),
      throttles: playing({ mail: { code: 451, message: '4.7.1 quentin.k7q@example.com: rate limited' } }),
      'fails for now': playing({
        rcpt: { code: 450, message: '4.2.0 <quentin.k7q@example.com>: mailbox busy' },
      }),
      'refuses the message': playing({ data: { code: 554, message: '5.6.0 no, quentin.k7q@example.com' } }),
      'refuses the credentials': playing(
        {},
        {
          channel: { ...channel, id: 'other', credentials: { user: 'mailer', pass: 'wrong' } },
        },
      ),
      'takes the request and never answers': playing({ data: 'hang' }),
      'is not listening': async () => {
        const gone = await startSmtpSink();
        await gone.close();
        return { channel: channelTo(gone.port) };
      },
      'takes the request and cuts the connection': playing({ data: 'drop' }),
    },
    called: (count) => sink.waitUntil(({ seen }) => seen.length >= count),
    keys: () => sink.seen.map((mail) => mail.messageId ?? ''),
    close: async () => {
      smtp.close();
      await sink.close();
      await egress.close();
    },
  };
}

describeProvider('smtp', startHarness);
