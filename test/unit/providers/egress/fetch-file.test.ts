import { parseEgressAllow } from '../../../../src/providers/egress/address-policy';
import { createEgress, type Egress } from '../../../../src/providers/egress/guarded-client';
import { redirectTo } from '../../../support/sinks/http-answers';
import { type HttpSink, startHttpSink } from '../../../support/sinks/http-sink';

let sink: HttpSink;
let egress: Egress;
beforeAll(async () => {
  sink = await startHttpSink();
  egress = createEgress({ allow: parseEgressAllow('127.0.0.0/8') });
});
afterEach(() => sink.reset());
afterAll(async () => {
  await egress.close();
  await sink.close();
});

describe('fetching a file', () => {
  const fetchFile = (maxBytes = 1000) => egress.fetchFile(sink.url, maxBytes);

  test('gives content and media type, without the parameters of the header', async () => {
    sink.answer({ body: Buffer.from([1, 2, 3]), headers: { 'content-type': 'Image/PNG; name="evil\'s"' } });
    expect(await fetchFile()).toEqual({
      ok: true,
      content: Buffer.from([1, 2, 3]),
      contentType: 'image/png',
    });
  });

  test('a header that is no media type becomes octet-stream', async () => {
    sink.answer({ body: 'x', headers: { 'content-type': 'text/<script>' } });
    expect(await fetchFile()).toMatchObject({ contentType: 'application/octet-stream' });
  });

  test('a file of exactly the limit is taken, one byte more is not, nor an endless one', async () => {
    sink.answer({ body: 'x'.repeat(1000) });
    expect(await fetchFile()).toMatchObject({ ok: true });
    sink.answer({ body: 'x'.repeat(1001) });
    expect(await fetchFile()).toMatchObject({ ok: false, code: 'too_large', retryable: false });
    sink.answer({ then: 'huge' });
    expect(await fetchFile()).toMatchObject({ ok: false, code: 'too_large', retryable: false });
  });

  test.each([
    [{ status: 404 }, 'not_found', false],
    [{ status: 503 }, 'unavailable', true],
    [{ status: 429 }, 'unavailable', true],
    [redirectTo('http://169.254.169.254/'), 'redirected', false],
    [{ then: 'cut' as const }, 'incomplete', true],
    [{ then: 'reset' as const }, 'unreachable', true],
    [{ headers: { 'content-encoding': 'gzip' } }, 'refused', false],
  ])('%j is %s, retryable: %s', async (answer, code, retryable) => {
    sink.answer(answer);
    expect(await fetchFile()).toMatchObject({ ok: false, code, retryable });
  });

  test('a private address is refused for good', async () => {
    const file = await createEgress({ allow: [] }).fetchFile('https://169.254.169.254/latest', 10);
    expect(file).toMatchObject({ ok: false, code: 'refused', retryable: false });
  });
});
