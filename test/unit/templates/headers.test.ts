import { pickHeaders } from '../../../src/templates/headers';
import { createRenderer } from '../../../src/templates/render';
import { inline, message, renderedBy } from './rendering';

const renderer = createRenderer();
afterAll(() => renderer.close());

describe('pickHeaders', () => {
  it('keeps what is on the list, in whatever case, and every X- header', () => {
    const asked = {
      'LIST-unsubscribe': '<https://x.test>',
      'reply-to': 'a@x.test',
      'X-Entity-Ref-ID': '1',
      'x-anything': 'b',
    };
    expect(pickHeaders(asked)).toEqual({ ok: true, headers: asked });
  });

  it.each([
    'From',
    'to',
    'Bcc',
    'Subject',
    'Sender',
    'Return-Path',
    'Message-ID',
    'Date',
    'Content-Type',
    'MIME-Version',
    'DKIM-Signature',
    'Received',
    'X-Volley-Message',
    'x-volley-a',
    'X-SMTPAPI',
    'X-',
    'X-A: b\r\nBcc',
    'X A',
    '',
    '__proto__',
  ])('leaves out %j without a word', (name) =>
    expect(pickHeaders(Object.fromEntries([[name, 'value']]))).toEqual({ ok: true, headers: {} }),
  );

  it.each(['a\r\nBcc: b@x.test', 'a\nb', 'a\rb', 'a\u0000', '\u007f', 'x'.repeat(10_000)])(
    'refuses a value that could break out of its line, and names the header: %j',
    (value) =>
      expect(pickHeaders({ 'X-Note': value })).toMatchObject({
        ok: false,
        reason: 'invalid_content',
        detail: expect.stringContaining('X-Note'),
      }),
  );

  it('sends one header of a name, the last', () => {
    expect(pickHeaders({ 'X-A': '1', 'x-a': '2' })).toEqual({ ok: true, headers: { 'x-a': '2' } });
  });
});

describe('headers of a message', () => {
  it('go with e-mail and stop it when one is bad; no other kind knows them', async () => {
    const good = inline({ text: 'a', headers: { 'X-A': 'b', From: 'c' } });
    expect((await renderedBy(renderer, good)).headers).toEqual({ 'X-A': 'b' });
    const bad = inline({ text: 'a', headers: { 'X-A': 'b\r\nBcc: c' } });
    expect(await renderer.render(message(bad))).toMatchObject({ ok: false, reason: 'invalid_content' });
    expect((await renderedBy(renderer, { kind: 'sms', ...bad })).headers).toEqual({});
  });
});
