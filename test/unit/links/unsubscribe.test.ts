import { createMessageLinks } from '../../../src/links/message-links';
import { type UnsubscribePayload } from '../../../src/links/payloads';
import { createTokens } from '../../../src/links/tokens';
import { createUnsubscribe, type UnsubscribeRequest } from '../../../src/links/unsubscribe';
import { unsubscribeHeaders } from '../../../src/links/unsubscribe-headers';

const MESSAGE = '01920000-aaaa-7bbb-8ccc-0123456789ab';
const WORKSPACE = 'a1405560-c8d3-4b1a-877d-3f449ad95352';
const WHO = { workspaceId: WORKSPACE, identity: Buffer.alloc(16, 9), topic: 'offers' };
const FORM = 'application/x-www-form-urlencoded';

const tokens = createTokens([{ id: 'k', key: Buffer.alloc(32, 1) }]);
const links = createMessageLinks(tokens, 'https://t.example', MESSAGE);
const token = links.unsubscribe(WHO).split('/u/')[1] ?? '';

function door(words = { sender: 'Shop <b>', topic: '"Offers" & more' }) {
  const done: [UnsubscribePayload, string][] = [];
  const handle = createUnsubscribe(tokens, {
    unsubscribe: async (who, via) => void done.push([who, via]),
    words: async () => words,
  });
  return { done, ask: (given: Partial<UnsubscribeRequest>) => handle({ method: 'GET', token, ...given }) };
}

function post(body: string, contentType = FORM): Partial<UnsubscribeRequest> {
  return { method: 'POST', contentType, body: async () => Buffer.from(body) };
}

function multipart(name: string, value: string, boundary = '----b0undary'): Partial<UnsubscribeRequest> {
  const body = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n--${boundary}--\r\n`;
  return post(body, `multipart/form-data; boundary=${boundary}`);
}

describe('the unsubscribe address', () => {
  it.each(['GET', 'HEAD'])('shows a page for %s and changes nothing', async (method) => {
    const { ask, done } = door();
    expect(
      await ask({ method, contentType: FORM, body: async () => Buffer.from('List-Unsubscribe=One-Click') }),
    ).toMatchObject({ status: 200 });
    expect(done).toEqual([]);
  });

  it('reads no body of who has no token', async () => {
    const { ask, done } = door();
    const body = jest.fn(async () => Buffer.from('List-Unsubscribe=One-Click'));
    expect(await ask({ method: 'POST', token: 'x', contentType: FORM, body })).toMatchObject({ status: 404 });
    expect(body).not.toHaveBeenCalled();
    expect(await ask({ method: 'POST', contentType: FORM, body })).toMatchObject({ status: 200 });
    expect(done).toHaveLength(1);
  });

  it.each([
    ['urlencoded', post('List-Unsubscribe=One-Click')],
    [
      'urlencoded with a charset and a line break',
      post('List-Unsubscribe=One-Click\r\n', `${FORM}; charset=UTF-8`),
    ],
    ['multipart', multipart('List-Unsubscribe', 'One-Click')],
    [
      'multipart with a quoted boundary',
      {
        ...multipart('List-Unsubscribe', 'One-Click', 'a b'),
        contentType: 'Multipart/Form-Data; charset=utf-8; boundary="a b"',
      },
    ],
  ])('unsubscribes by one click: %s', async (_, request) => {
    const { ask, done } = door();
    expect(await ask(request)).toMatchObject({ status: 200 });
    expect(done).toEqual([[{ ...WHO, messageId: MESSAGE }, 'one_click']]);
  });

  it("unsubscribes by the page's own form", async () => {
    const { ask, done } = door();
    const { html } = await ask({});
    const [, name, value] = /<button type="submit" name="(\w+)" value="(\w+)">/.exec(html) ?? [];
    expect(await ask(post(`${name}=${value}`))).toMatchObject({ status: 200 });
    expect(done).toEqual([[{ ...WHO, messageId: MESSAGE }, 'page']]);
  });

  it.each([
    ['no body', { method: 'POST' }],
    ['an empty form', post('')],
    ['another value', post('List-Unsubscribe=Two-Clicks')],
    ['another field', post('Unsubscribe=One-Click')],
    ['the wrong case', post('list-unsubscribe=one-click')],
    ['JSON', post('{"List-Unsubscribe":"One-Click"}', 'application/json')],
    ['plain text', post('List-Unsubscribe=One-Click', 'text/plain')],
    ['no content type', { method: 'POST', body: async () => Buffer.from('List-Unsubscribe=One-Click') }],
    [
      'multipart without a boundary',
      { ...multipart('List-Unsubscribe', 'One-Click'), contentType: 'multipart/form-data' },
    ],
    [
      'multipart of another boundary',
      { ...multipart('List-Unsubscribe', 'One-Click'), contentType: 'multipart/form-data; boundary=x' },
    ],
    ['a body that is too long', post(`List-Unsubscribe=One-Click&x=${'x'.repeat(5_000)}`)],
  ])('refuses a POST with %s and changes nothing', async (_, request) => {
    const { ask, done } = door();
    expect(await ask(request)).toMatchObject({ status: 400 });
    expect(done).toEqual([]);
  });

  it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS'])('does not know %s', async (method) => {
    const { ask, done } = door();
    expect(await ask({ ...post('List-Unsubscribe=One-Click'), method })).toMatchObject({
      status: 405,
      headers: { Allow: 'GET, HEAD, POST' },
    });
    expect(done).toEqual([]);
  });

  it('refuses tokens that are changed, foreign or for another purpose, alike for GET and POST', async () => {
    const { ask, done } = door();
    const foreign = createTokens([{ id: 'k', key: Buffer.alloc(32, 2) }]);
    const refused = [
      '',
      WORKSPACE,
      `${token}A`,
      token.slice(0, -1),
      `${token.startsWith('A') ? 'B' : 'A'}${token.slice(1)}`,
      links.pixel.split('/o/')[1] ?? '',
      links.linkFor('https://a.example').split('/c/')[1] ?? '',
      createMessageLinks(foreign, 'https://t.example', MESSAGE).unsubscribe(WHO).split('/u/')[1] ?? '',
    ];
    const pages = new Set<string>();
    for (const one of refused) {
      for (const request of [{}, post('List-Unsubscribe=One-Click')]) {
        const answer = await ask({ ...request, token: one });
        expect(answer.status).toBe(404);
        pages.add(answer.html);
      }
    }
    expect(pages.size).toBe(1);
    expect(done).toEqual([]);
  });

  it('says 200 only once the opt-out is committed', async () => {
    const handle = createUnsubscribe(tokens, {
      unsubscribe: async () => Promise.reject(new Error('no database')),
      words: async () => ({}),
    });
    await expect(
      handle({
        method: 'POST',
        token,
        contentType: FORM,
        body: async () => Buffer.from('List-Unsubscribe=One-Click'),
      }),
    ).rejects.toThrow();
  });
});

describe('the unsubscribe page', () => {
  it('has a language, a title, a heading and one button in a form that posts to itself', async () => {
    const { html } = await door().ask({});
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(html).toContain('<title>Unsubscribe</title>');
    expect(html).toContain('<main><h1>Unsubscribe</h1>');
    expect(
      html.match(/<form method="post"><button type="submit"[^>]*>Unsubscribe<\/button><\/form>/g),
    ).toHaveLength(1);
  });

  it('shows the names of the workspace as text', async () => {
    const { html } = await door().ask({});
    expect(html).toContain('messages about “&quot;Offers&quot; &amp; more” from Shop &lt;b&gt;');
    expect(html).not.toContain('<b>');
  });

  it('runs nothing, loads nothing, is framed by nobody, kept by nobody and leaks no address', async () => {
    const { headers, html } = await door().ask({});
    const policy = headers['Content-Security-Policy'];
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers).toMatchObject({ 'Referrer-Policy': 'no-referrer', 'X-Robots-Tag': 'noindex, nofollow' });
    expect(headers['Cache-Control']).toContain('no-store');
    expect(html).not.toMatch(/<script|<img|<link|\son\w+=|https?:/i);
    expect(html).not.toContain(token);
  });
});

describe('the List-Unsubscribe headers', () => {
  const url = links.unsubscribe(WHO);

  it('offer one click by https, and an address for older clients', () => {
    expect(unsubscribeHeaders({ url, mailto: 'mailto:stop@shop.example?subject=stop' })).toEqual({
      'List-Unsubscribe': `<${url}>, <mailto:stop@shop.example?subject=stop>`,
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
    });
    expect(unsubscribeHeaders({ url })['List-Unsubscribe']).toBe(`<${url}>`);
  });

  it('offer no one click by http, which RFC 8058 does not allow', () => {
    expect(unsubscribeHeaders({ url: 'http://127.0.0.1:1/u/x' })).toEqual({
      'List-Unsubscribe': '<http://127.0.0.1:1/u/x>',
    });
  });

  it.each([
    ['https://a.example/\r\nBcc: x@y.example'],
    ['https://a.example/>,<mailto:x@y.example'],
    ['https://a.example/ b'],
    ['javascript:alert(1)'],
    ['/u/x'],
    [''],
  ])('never carry %j', (bad) => {
    expect(() => unsubscribeHeaders({ url: bad })).toThrow(RangeError);
    expect(() => unsubscribeHeaders({ url, mailto: bad })).toThrow(RangeError);
  });

  it('fit a line of mail with the longest topic', () => {
    const longest = links.unsubscribe({ ...WHO, identity: Buffer.alloc(32), topic: 'é'.repeat(64) });
    expect(unsubscribeHeaders({ url: longest })['List-Unsubscribe']?.length).toBeLessThan(998 / 2);
  });
});
