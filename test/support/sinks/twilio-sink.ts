import { createHmac, randomBytes } from 'node:crypto';
import { type SinkAnswer } from './http-answers';
import { type HttpSink, type SinkRequest, startHttpSink } from './http-sink';
import { type SignedCallback } from './sendgrid-sink';

/** A message that the sink took, with the form that asked for it. */
export interface SunkTwilioMessage {
  readonly sid: string;
  readonly form: URLSearchParams;
}

export interface TwilioSinkLogin {
  readonly accountSid: string;
  readonly authToken: string;
  readonly apiKey?: { readonly sid: string; readonly secret: string };
}

export interface TwilioSink extends Pick<HttpSink, 'url' | 'requests' | 'waitFor'> {
  readonly messages: readonly SunkTwilioMessage[];
  /** From now on every call gets this instead of what it deserves; undefined puts that back. */
  fail(answer: SinkAnswer | undefined): void;
  /** The status callback of the n-th message, signed for the StatusCallback that it gave, or for `url`. */
  callback(
    index: number,
    status: string,
    more?: Record<string, string>,
    url?: string,
  ): SignedCallback & { url: string };
  reset(): void;
  close(): Promise<void>;
}

/** Numbers that fail, as with Twilio's public test credentials. */
const MAGIC_TO: Readonly<Record<string, number>> = {
  '+15005550001': 21211,
  '+15005550002': 21612,
  '+15005550003': 21408,
  '+15005550004': 21610,
  '+15005550009': 21614,
};
const MAGIC_FROM: Readonly<Record<string, number>> = {
  '+15005550000': 21611,
  '+15005550001': 21212,
  '+15005550007': 21606,
};
const MAX_BODY_LENGTH = 1600;

/** The Messages resource on loopback: checks what Twilio checks, and can report statuses. */
export async function startTwilioSink(login: TwilioSinkLogin): Promise<TwilioSink> {
  const messages: { sid: string; form: URLSearchParams }[] = [];
  let failure: SinkAnswer | undefined;

  const take = (request: SinkRequest): SinkAnswer => {
    if (failure) return failure;
    const refusal = refusalOf(request, login);
    if (refusal) return refusal;
    const form = new URLSearchParams(request.body);
    const sid = `${form.has('MediaUrl') ? 'MM' : 'SM'}${randomBytes(16).toString('hex')}`;
    messages.push({ sid, form });
    const status = form.has('MessagingServiceSid') ? 'accepted' : 'queued';
    const body = { sid, account_sid: login.accountSid, status, error_code: null, to: form.get('To') };
    return { status: 201, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  };
  const http = await startHttpSink({ answer: take });

  return {
    url: http.url,
    requests: http.requests,
    waitFor: (count, timeoutMs) => http.waitFor(count, timeoutMs),
    messages,
    fail: (answer) => void (failure = answer),
    callback(index, status, more = {}, given) {
      const message = messages[index];
      const url = given ?? message?.form.get('StatusCallback') ?? '';
      const parameters: Record<string, string> = {
        AccountSid: login.accountSid,
        ApiVersion: '2010-04-01',
        From: message?.form.get('From') ?? '',
        MessageSid: message?.sid ?? '',
        MessageStatus: status,
        SmsSid: message?.sid ?? '',
        SmsStatus: status,
        To: message?.form.get('To') ?? '',
        ...more,
      };
      const text = Object.keys(parameters)
        .sort()
        .reduce((all, name) => `${all}${name}${parameters[name]}`, url);
      return {
        url,
        rawBody: Buffer.from(new URLSearchParams(parameters).toString()),
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'x-twilio-signature': createHmac('sha1', login.authToken).update(text).digest('base64'),
          'i-twilio-idempotency-token': randomBytes(16).toString('hex'),
        },
      };
    },
    reset() {
      failure = undefined;
      messages.length = 0;
      http.reset();
      http.answer(take);
    },
    close: () => http.close(),
  };
}

function refusalOf(request: SinkRequest, login: TwilioSinkLogin): SinkAnswer | undefined {
  const users = [
    [login.accountSid, login.authToken],
    ...(login.apiKey ? [[login.apiKey.sid, login.apiKey.secret]] : []),
  ].map((pair) => `Basic ${Buffer.from(pair.join(':')).toString('base64')}`);
  if (!users.includes(request.headers['authorization'] ?? '')) return errorOf(401, 20003, 'Authenticate');
  if (request.path !== `/2010-04-01/Accounts/${login.accountSid}/Messages.json`) {
    return errorOf(404, 20404, `The requested resource ${request.path} was not found`);
  }
  if (request.headers['content-type'] !== 'application/x-www-form-urlencoded') {
    return errorOf(400, 20001, 'Unsupported content type');
  }
  const code = codeOf(new URLSearchParams(request.body));
  return code === undefined ? undefined : errorOf(400, code, `Refused: ${request.body.slice(0, 100)}`);
}

function codeOf(form: URLSearchParams): number | undefined {
  const to = (form.get('To') ?? '').replace(/^whatsapp:/, '');
  const from = (form.get('From') ?? '').replace(/^whatsapp:/, '');
  const isWhatsApp = [form.get('To'), form.get('From')].map((one) => one?.startsWith('whatsapp:') ?? false);
  if (to === '') return 21604;
  if (from === '' && !form.get('MessagingServiceSid')) return 21603;
  if (!form.get('Body') && !form.has('MediaUrl')) return 21602;
  if ((form.get('Body') ?? '').length > MAX_BODY_LENGTH) return 21617;
  if (form.getAll('MediaUrl').length > 10) return 21623;
  if (!/^\+[1-9]\d{6,14}$/.test(to)) return 21211;
  if (from !== '' && isWhatsApp[0] !== isWhatsApp[1]) return 21910;
  const validity = form.get('ValidityPeriod');
  if (validity !== null && !(Number(validity) >= 1 && Number(validity) <= 36_000)) return 21424;
  const callback = form.get('StatusCallback');
  if (callback !== null && !URL.canParse(callback)) return 21609;
  return MAGIC_TO[to] ?? MAGIC_FROM[from];
}

/** The shape of every error: a code, and a text that may quote the number. */
export function errorOf(status: number, code: number, message: string, headers = {}): SinkAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status }),
  };
}
