import { setMaxListeners } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { parseEgressAllow } from '../../../../src/providers/egress/address-policy';
import { type EgressError } from '../../../../src/providers/egress/errors';
import { createEgress, type Egress } from '../../../../src/providers/egress/guarded-client';
import { redirectTo } from '../../../support/sinks/http-answers';
import { type HttpSink, startHttpSink } from '../../../support/sinks/http-sink';
import { HOSTILE_NAMES, HOSTILE_URLS } from './ssrf-corpus';

const LOOPBACK = parseEgressAllow('127.0.0.0/8');

let sink: HttpSink;
const cleanups: (() => unknown)[] = [];
const egressWith = (options: Parameters<typeof createEgress>[0]): Egress => {
  const egress = createEgress(options);
  cleanups.push(() => egress.close());
  return egress;
};
const failureOf = async (call: Promise<unknown>): Promise<EgressError> =>
  call.then(
    () => Promise.reject(new Error('it was answered')),
    (error: EgressError) => error,
  );

beforeAll(async () => {
  sink = await startHttpSink();
});
afterEach(async () => {
  sink.reset();
  for (const cleanup of cleanups.splice(0)) await cleanup();
});
afterAll(() => sink.close());

describe('where a call may go', () => {
  test('the corpus has at least 60 URLs', () => expect(HOSTILE_URLS.length).toBeGreaterThanOrEqual(60));

  test.each(HOSTILE_URLS)('%s is refused before anything is opened', async (url) => {
    const egress = egressWith({
      allow: [],
      resolve: async (name) => HOSTILE_NAMES[name.toLowerCase()] ?? ['93.184.215.14'],
    });
    expect(await failureOf(egress.request({ url, method: 'POST' }))).toMatchObject({ stage: 'refused' });
  });

  test('a name that answers differently the second time is dialled at the address that was checked, or not at all', async () => {
    const answers = [['127.0.0.1'], ['10.0.0.1']];
    let asked = 0;
    const egress = egressWith({ allow: LOOPBACK, resolve: async () => answers[asked++] ?? [] });
    const url = `http://rebinding.attacker.test:${sink.port}/`;
    expect((await egress.request({ url, method: 'POST' })).status).toBe(200);
    expect(asked).toBe(1);
    await egress.close();
    const later = egressWith({ allow: LOOPBACK, resolve: async () => answers[1] ?? [] });
    expect(await failureOf(later.request({ url, method: 'POST' }))).toMatchObject({
      code: 'address_refused',
    });
    expect(sink.requests).toHaveLength(1);
  });

  test('plain HTTP goes only where the allow-list reaches, by literal, by name and as localhost', async () => {
    const egress = egressWith({ allow: LOOPBACK, resolve: async () => ['127.0.0.1'] });
    for (const host of ['127.0.0.1', '2130706433', '[::ffff:127.0.0.1]', 'localhost', 'sink.example.test']) {
      expect((await egress.request({ url: `http://${host}:${sink.port}/`, method: 'GET' })).status).toBe(200);
    }
  });

  test('a redirect to a private address is an answer, not a journey', async () => {
    const egress = egressWith({ allow: LOOPBACK });
    for (const status of [301, 302, 303, 307, 308]) {
      sink.answerOnce(redirectTo(`http://127.0.0.1:${sink.port}/inside`, status));
      const { headers, ...answer } = await egress.request({ url: sink.url, method: 'POST', body: 'x' });
      expect(answer.status).toBe(status);
      expect(headers['location']).toContain('/inside');
    }
    expect(sink.requests.map((request) => request.path)).toEqual(['/', '/', '/', '/', '/']);
  });

  test('a proxy in the environment is not used', async () => {
    const saved = { ...process.env };
    const proxy = await startHttpSink();
    for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy'])
      process.env[name] = proxy.url;
    try {
      await egressWith({ allow: LOOPBACK }).request({ url: sink.url, method: 'GET' });
      expect(proxy.connections).toBe(0);
      expect(sink.requests).toHaveLength(1);
    } finally {
      process.env = saved;
      await proxy.close();
    }
  });

  test.each(['x\r\nEvil: 1', 'x\ny', 'x\0y', 'ü'])('a header value of %j is refused', async (value) => {
    const egress = egressWith({ allow: LOOPBACK });
    const failure = await failureOf(
      egress.request({ url: sink.url, method: 'POST', headers: { 'x-test': value } }),
    );
    expect(failure).toMatchObject({ stage: 'refused', code: 'invalid_header' });
    expect(sink.requests).toHaveLength(0);
  });

  test('no message names a host, an address or a secret of the URL', async () => {
    const egress = egressWith({ allow: [], resolve: async () => ['10.1.2.3'] });
    const failure = await failureOf(
      egress.request({ url: 'https://inside.corp.test/hook?token=hush', method: 'POST' }),
    );
    expect(failure.message).not.toMatch(/inside|10\.1\.2\.3|hush/);
  });

  test('a name server that never answers keeps nobody waiting who gives a URL', async () => {
    const egress = egressWith({ allow: [], resolve: () => new Promise(() => undefined) });
    await expect(egress.checkUrl('https://slow.example.test/')).resolves.toBeUndefined();
  });

  test('a socket target is checked like a URL, and keeps the name for TLS', async () => {
    const names: Record<string, string[]> = {
      'mail.example.test': ['93.184.215.14'],
      'bad.example.test': ['10.0.0.1'],
    };
    const egress = egressWith({ allow: LOOPBACK, resolve: async (name) => names[name] ?? [] });
    expect(await egress.checkSocketTarget('mail.example.test', 587)).toEqual({
      addresses: ['93.184.215.14'],
      port: 587,
      servername: 'mail.example.test',
    });
    expect(await egress.checkSocketTarget('127.0.0.1', 25)).toMatchObject({ servername: undefined });
    expect(await egress.checkSocketTarget('localhost', 25)).toMatchObject({ addresses: ['127.0.0.1'] });
    expect(await failureOf(egress.checkSocketTarget('bad.example.test', 25))).toMatchObject({
      stage: 'refused',
    });
    expect(await failureOf(egress.checkSocketTarget('::1', 25))).toMatchObject({ stage: 'refused' });
    expect(await failureOf(egress.checkSocketTarget('nowhere.test', 25))).toMatchObject({ stage: 'connect' });
  });
});

describe('how far a call got', () => {
  const post = (egress: Egress, more: object = {}) =>
    egress.request({ url: sink.url, method: 'POST', body: 'x', ...more });

  test('nobody listening is "connect"', async () => {
    const gone = await startHttpSink();
    await gone.close();
    const failure = await failureOf(
      egressWith({ allow: LOOPBACK }).request({ url: gone.url, method: 'POST' }),
    );
    expect(failure).toMatchObject({ stage: 'connect', code: 'connect_failed' });
  });

  test('a name that does not resolve is "connect"', async () => {
    const egress = egressWith({
      allow: [],
      resolve: () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' })),
    });
    const failure = await failureOf(egress.request({ url: 'https://nowhere.test/', method: 'POST' }));
    expect(failure).toMatchObject({ stage: 'connect', code: 'dns_failed' });
  });

  test('a server that does not speak TLS is "connect"', async () => {
    const url = sink.url.replace('http:', 'https:');
    const failure = await failureOf(egressWith({ allow: LOOPBACK }).request({ url, method: 'POST' }));
    expect(failure).toMatchObject({ stage: 'connect', code: 'tls_failed' });
  });

  test('a handshake that never ends is "connect", in time', async () => {
    const silent = await startSilentServer();
    cleanups.push(() => silent.close());
    const failure = await failureOf(
      egressWith({ allow: LOOPBACK }).request({
        url: `https://127.0.0.1:${silent.port}/`,
        method: 'POST',
        connectTimeoutMs: 200,
      }),
    );
    expect(failure).toMatchObject({ stage: 'connect', code: 'connect_timeout' });
  });

  test('no answer is "sent", in time', async () => {
    sink.answer({ then: 'hang' });
    const failure = await failureOf(post(egressWith({ allow: LOOPBACK }), { totalTimeoutMs: 200 }));
    expect(failure).toMatchObject({ stage: 'sent', code: 'timeout' });
    expect(sink.requests).toHaveLength(1);
  });

  test('a reset after the request is "sent", and the request is not repeated', async () => {
    sink.answer({ then: 'reset' });
    expect(await failureOf(post(egressWith({ allow: LOOPBACK })))).toMatchObject({
      stage: 'sent',
      code: 'reset',
    });
    expect(sink.requests).toHaveLength(1);
  });

  test('an answer that is no HTTP is "sent"', async () => {
    sink.answer({ then: 'garbage' });
    const failure = await failureOf(post(egressWith({ allow: LOOPBACK })));
    expect(failure).toMatchObject({ stage: 'sent', code: 'malformed_answer' });
  });

  test('an abort while waiting for the answer is "sent", before the call "connect"', async () => {
    sink.answer({ then: 'hang' });
    const stop = new AbortController();
    const call = post(egressWith({ allow: LOOPBACK }), { signal: stop.signal });
    await sink.waitFor(1);
    stop.abort();
    expect(await failureOf(call)).toMatchObject({ stage: 'sent', code: 'aborted' });
    expect(
      await failureOf(post(egressWith({ allow: LOOPBACK }), { signal: AbortSignal.abort() })),
    ).toMatchObject({
      stage: 'connect',
    });
    expect(sink.requests).toHaveLength(1);
  });

  test('a call given up while all connections were busy never reaches the server', async () => {
    sink.answer({ then: 'hang' });
    const egress = egressWith({ allow: LOOPBACK });
    const stop = new AbortController();
    setMaxListeners(100, stop.signal);
    const busy = Array.from({ length: 50 }, () => failureOf(post(egress, { signal: stop.signal })));
    await sink.waitFor(50);
    const queued = await failureOf(post(egress, { totalTimeoutMs: 100 }));
    expect(queued).toMatchObject({ stage: 'connect', code: 'timeout' });
    stop.abort();
    await Promise.all(busy);
    sink.answer({});
    expect((await post(egress)).status).toBe(200);
    expect(sink.requests).toHaveLength(51);
  });
});

describe('what is read of an answer', () => {
  test.each(['huge', 'slow', 'cut'] as const)(
    'a %s body leaves the status, a part of it and the mark',
    async (then) => {
      sink.answer({ status: 201, body: 'begin', then });
      const answer = await egressWith({ allow: LOOPBACK }).request({
        url: sink.url,
        method: 'POST',
        totalTimeoutMs: 400,
        maxResponseBytes: 1000,
      });
      expect(answer).toMatchObject({ status: 201, truncated: true });
      expect(answer.body.length).toBeLessThanOrEqual(1000);
    },
  );

  test('connections are kept alive and used again', async () => {
    const before = sink.connections;
    const egress = egressWith({ allow: LOOPBACK });
    for (let call = 0; call < 20; call += 1)
      await egress.request({ url: sink.url, method: 'POST', body: String(call) });
    // Two, not one: undici opens a second before the first counts as free again.
    expect(sink.connections - before).toBeLessThanOrEqual(2);
  });
});

/** Accepts connections and says nothing. */
async function startSilentServer(): Promise<{ port: number; close(): Promise<void> }> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
