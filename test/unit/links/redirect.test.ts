import { createMessageLinks } from '../../../src/links/message-links';
import { encodeClick, linkIdOf } from '../../../src/links/payloads';
import { createRedirects, type LinkStore } from '../../../src/links/redirect';
import { createShortLinks } from '../../../src/links/short-links';
import { createTokens } from '../../../src/links/tokens';
import { type Visit } from '../../../src/links/visits';

const MESSAGE = '01920000-aaaa-7bbb-8ccc-0123456789ab';
const OTHER = '01920000-aaaa-7bbb-8ccc-0123456789ac';
const BASE = 'https://t.example';
const TARGET = 'https://shop.example/p?utm_source=s#f';
const GET: Visit = {
  method: 'GET',
  headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' },
};

const tokens = createTokens([{ id: 'k', key: Buffer.alloc(32, 1) }]);
const links = createMessageLinks(tokens, BASE, MESSAGE);
const tokenOf = (link: string) => link.slice(link.lastIndexOf('/') + 1);
const token = tokenOf(links.linkFor(TARGET));

/** A store that knows the given URLs and notes what it was asked. */
function store(urls: readonly string[] = [TARGET]): LinkStore & { asked: number } {
  const short = createShortLinks(tokens, 'https://s.example', MESSAGE);
  const rows = urls.map((url) => ({ ...links.rowFor(url), short: short.rowFor(url) }));
  const asking = {
    asked: 0,
    async link(messageId: string, linkId: Buffer) {
      asking.asked += 1;
      return messageId === MESSAGE ? rows.find(({ id }) => id.equals(linkId))?.url : undefined;
    },
    async shortLink(domain: string, id: string) {
      asking.asked += 1;
      return rows.map((row) => row.short).find((row) => row.domain === domain && row.id === id);
    },
  };
  return asking;
}

describe('a click', () => {
  it('leads to the URL that the message linked to', async () => {
    const answer = await createRedirects(tokens, store()).resolveClick(token, GET);
    expect(answer).toMatchObject({
      status: 302,
      location: TARGET,
      messageId: MESSAGE,
      url: TARGET,
      counts: true,
    });
    expect(answer.headers['Cache-Control']).toContain('no-store');
    expect(answer.headers['Referrer-Policy']).toBe('no-referrer');
  });

  it('leads there with the punctuation that a client took for a part of the link', async () => {
    for (const end of ['.', ').', '*', '…', '&gt;'.slice(0, 1)])
      expect(await createRedirects(tokens, store()).resolveClick(token + end, GET)).toMatchObject({
        status: 302,
      });
  });

  it.each([
    ['nothing', ''],
    ['a URL', 'https://evil.example/'],
    ['an encoded URL', encodeURIComponent('https://evil.example/')],
    ['a URL in base64url', Buffer.from('https://evil.example/').toString('base64url')],
    ['a URL before the token', `https://evil.example/${token}`],
    ['a URL after the token', `${token}?url=https://evil.example/`],
    ['a path out of the way', `../${token}`],
    [
      'an unsigned token',
      encodeClick({ messageId: MESSAGE, linkId: linkIdOf(TARGET) }).toString('base64url'),
    ],
    ['a token for a pixel', tokenOf(links.pixel)],
    [
      'a token of another key',
      tokenOf(
        createMessageLinks(createTokens([{ id: 'k', key: Buffer.alloc(32, 2) }]), BASE, MESSAGE).linkFor(
          TARGET,
        ),
      ),
    ],
  ])('with %s for a token is refused without a look-up', async (_, text) => {
    const asked = store(['https://evil.example/', TARGET]);
    expect(await createRedirects(tokens, asked).resolveClick(text, GET)).toMatchObject({ status: 404 });
    expect(asked.asked).toBe(0);
  });

  it('on a link or a message that the ledger does not have is refused', async () => {
    const { resolveClick } = createRedirects(tokens, store());
    const foreign = createMessageLinks(tokens, BASE, OTHER);
    expect(await resolveClick(tokenOf(links.linkFor('https://evil.example/')), GET)).toMatchObject({
      status: 404,
    });
    expect(await resolveClick(tokenOf(foreign.linkFor(TARGET)), GET)).toMatchObject({ status: 404 });
  });

  it.each([
    'javascript:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    'ftp://a.example/',
    '//evil.example/',
    '/\\evil.example/',
    '/u/token',
    'evil.example',
    'https://',
    '',
  ])('never leads to %j, whatever the ledger says', async (url) => {
    const { resolveClick } = createRedirects(tokens, store([url]));
    expect(await resolveClick(tokenOf(links.linkFor(url)), GET)).toMatchObject({ status: 404 });
  });

  it.each([
    ['https:shop.example/p', 'https://shop.example/p'],
    ['https:\\\\shop.example\\p', 'https://shop.example/p'],
    ['https://shop.example/a b\r\nSet-Cookie: x=1', 'https://shop.example/a%20bSet-Cookie:%20x=1'],
    ['https://bücher.example/é?q=ü#ñ', 'https://xn--bcher-kva.example/%C3%A9?q=%C3%BC#%C3%B1'],
  ])('writes %j as an absolute ASCII URL of one line', async (url, location) => {
    const { resolveClick } = createRedirects(tokens, store([url]));
    expect(await resolveClick(tokenOf(links.linkFor(url)), GET)).toMatchObject({ status: 302, location });
  });
});

describe('what is counted', () => {
  const visits: [string, Visit, { click: boolean; open: boolean }][] = [
    ['a browser', GET, { click: true, open: true }],
    ['no user agent', { method: 'GET', headers: {} }, { click: true, open: true }],
    ['HEAD', { ...GET, method: 'HEAD' }, { click: false, open: false }],
    ['Purpose: prefetch', { method: 'GET', headers: { purpose: 'prefetch' } }, { click: false, open: false }],
    [
      'Sec-Purpose',
      { method: 'GET', headers: { 'sec-purpose': 'prefetch;prerender' } },
      { click: false, open: false },
    ],
    [
      'X-Purpose: preview',
      { method: 'GET', headers: { 'x-purpose': 'Preview' } },
      { click: false, open: false },
    ],
    ['X-Moz: prefetch', { method: 'GET', headers: { 'x-moz': ['prefetch'] } }, { click: false, open: false }],
    [
      'a chat preview',
      { method: 'GET', headers: { 'user-agent': 'Slackbot-LinkExpanding 1.0' } },
      { click: false, open: true },
    ],
    ['WhatsApp', { method: 'GET', headers: { 'user-agent': 'WhatsApp/2.23' } }, { click: false, open: true }],
    [
      'a crawler',
      { method: 'GET', headers: { 'user-agent': 'Mozilla/5.0 (compatible; Googlebot/2.1)' } },
      { click: false, open: true },
    ],
    [
      'a picture proxy',
      { method: 'GET', headers: { 'user-agent': 'Mozilla/5.0 (via ggpht.com GoogleImageProxy)' } },
      { click: true, open: true },
    ],
  ];

  it.each(visits)('%s', async (_, visit, expected) => {
    const { resolveClick, openPixel } = createRedirects(tokens, store());
    expect(await resolveClick(token, visit)).toMatchObject({
      status: 302,
      location: TARGET,
      counts: expected.click,
    });
    expect(openPixel(tokenOf(links.pixel), visit)).toMatchObject({ status: 200, counts: expected.open });
  });
});

describe('the open pixel', () => {
  const { openPixel } = createRedirects(tokens, store());

  it('is a GIF of one pixel that nobody keeps', () => {
    const { status, headers, body } = openPixel(tokenOf(links.pixel), GET);
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'Content-Type': 'image/gif', 'Content-Length': String(body.length) });
    expect(headers['Cache-Control']).toContain('no-store');
    expect([body.toString('ascii', 0, 6), body.readUInt16LE(6), body.readUInt16LE(8), body.at(-1)]).toEqual([
      'GIF89a',
      1,
      1,
      0x3b,
    ]);
  });

  it('names its message, and no message for a token that is not its own', () => {
    expect(openPixel(tokenOf(links.pixel), GET)).toMatchObject({ messageId: MESSAGE });
    for (const refused of ['', token, tokenOf(links.pixel).slice(1), 'x'.repeat(46)]) {
      const answer = openPixel(refused, GET);
      expect(answer.status).toBe(404);
      expect(answer).not.toHaveProperty('messageId');
    }
  });
});

describe('a short link', () => {
  const short = createShortLinks(tokens, 'https://s.example', MESSAGE);
  const id = tokenOf(short.linkFor(TARGET));

  it('leads to its URL on its own domain only', async () => {
    const { resolveShort } = createRedirects(tokens, store());
    for (const host of ['s.example', 'S.Example', 's.example.'])
      expect(await resolveShort(host, id, GET)).toMatchObject({
        status: 302,
        location: TARGET,
        messageId: MESSAGE,
      });
    for (const host of ['evil.example', 'x.s.example', 's.example:81', ''])
      expect(await resolveShort(host, id, GET)).toMatchObject({ status: 404 });
    expect(await resolveShort('s.example', `${id}.`, GET)).toMatchObject({ status: 302 });
  });

  it('is looked up only if it has the form of one', async () => {
    const asked = store();
    const { resolveShort } = createRedirects(tokens, asked);
    for (const text of [
      '',
      'short',
      `${id}1`,
      id.slice(1),
      `${id.slice(1)}0`,
      '../../../../etc',
      'robots.txt',
    ])
      expect(await resolveShort('s.example', text, GET)).toMatchObject({ status: 404 });
    expect(asked.asked).toBe(0);
  });

  it('is the same for a retry, and another for any other message, URL, domain or key', () => {
    const others = [
      createShortLinks(tokens, 'https://s.example', OTHER).linkFor(TARGET),
      short.linkFor(`${TARGET}x`),
      createShortLinks(tokens, 'https://z.example', MESSAGE).linkFor(TARGET),
      createShortLinks(
        createTokens([{ id: 'k', key: Buffer.alloc(32, 2) }]),
        'https://s.example',
        MESSAGE,
      ).linkFor(TARGET),
    ].map(tokenOf);
    expect(tokenOf(createShortLinks(tokens, 'https://s.example', MESSAGE).linkFor(TARGET))).toBe(id);
    expect(new Set([id, ...others]).size).toBe(5);
    expect(short.linkFor(TARGET)).toHaveLength('https://s.example/'.length + 12);
  });

  it('cannot be guessed from its neighbours: ids use the whole alphabet evenly', () => {
    const counts = new Map<string, number>();
    const ids = Array.from({ length: 5_000 }, (_, n) => tokenOf(short.linkFor(`https://a.example/${n}`)));
    for (const char of ids.join('')) counts.set(char, (counts.get(char) ?? 0) + 1);
    expect(new Set(ids).size).toBe(5_000);
    expect(counts.size).toBe(58);
    const expected = (5_000 * 12) / 58;
    for (const count of counts.values()) expect(Math.abs(count - expected)).toBeLessThan(expected * 0.2);
  });
});
