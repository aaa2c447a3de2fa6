import fc from 'fast-check';
import {
  decodeClick,
  decodeOpen,
  decodeUnsubscribe,
  encodeClick,
  encodeOpen,
  encodeUnsubscribe,
  linkIdOf,
} from '../../../src/links/payloads';
import { createTokens, MAX_PAYLOAD_BYTES, tokenInPath, type Purpose } from '../../../src/links/tokens';

const key = (id: string, fill: number) => ({ id, key: Buffer.alloc(32, fill) });
const tokens = createTokens([key('k1', 1)]);
const PURPOSES: readonly Purpose[] = ['click', 'open', 'unsubscribe', 'short'];
const MESSAGE = '01920000-aaaa-7bbb-8ccc-0123456789ab';
const WORKSPACE = 'a1405560-c8d3-4b1a-877d-3f449ad95352';
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

describe('link tokens', () => {
  it('gives back what was signed, for the purpose it was signed for and no other', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: MAX_PAYLOAD_BYTES }),
        fc.constantFrom(...PURPOSES),
        (bytes, purpose) => {
          const payload = Buffer.from(bytes);
          const token = tokens.sign(purpose, payload);
          for (const other of PURPOSES)
            expect(tokens.verify(other, token)).toEqual(other === purpose ? payload : undefined);
        },
      ),
    );
  });

  it('refuses every other spelling of a token: each character changed, cut, doubled or added', () => {
    const token = tokens.sign(
      'click',
      encodeClick({ messageId: MESSAGE, linkId: linkIdOf('https://a.example') }),
    );
    const mutants = new Set<string>();
    for (let at = 0; at < token.length; at += 1) {
      for (const char of BASE64URL) mutants.add(token.slice(0, at) + char + token.slice(at + 1));
      mutants.add(token.slice(0, at));
      mutants.add(token.slice(at + 1));
      mutants.add(token.slice(0, at) + token.charAt(at) + token.slice(at));
    }
    for (const end of ['=', '==', 'A', ' ', '\n', '%3D', '.']) mutants.add(token + end);
    mutants.delete(token);
    expect(mutants.size).toBeGreaterThan(3_900);
    expect([...mutants].filter((one) => tokens.verify('click', one))).toEqual([]);
  });

  it('refuses the same bytes with unused bits set or in the other alphabet of base64', () => {
    const token = Array.from({ length: 50 }, (_, n) => tokens.sign('open', Buffer.alloc(16, n))).find((one) =>
      /[-_]/.test(one),
    );
    const plain = (token ?? '').replaceAll('-', '+').replaceAll('_', '/');
    expect(Buffer.from(plain, 'base64url')).toEqual(Buffer.from(token ?? '', 'base64url'));
    expect(tokens.verify('open', plain)).toBeUndefined();
    expect(tokens.verify('open', token ?? '')).toBeDefined();
  });

  it('refuses tokens of another installation, even one whose key has the same id', () => {
    const foreign = createTokens([key('k1', 2)]);
    expect(tokens.verify('click', foreign.sign('click', Buffer.from('payload')))).toBeUndefined();
  });

  it('refuses rubbish of any length without throwing', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 2_000 }), (text) => tokens.verify('click', text) === undefined),
    );
    expect(tokens.verify('click', 'A'.repeat(1_000_000))).toBeUndefined();
  });

  it('verifies old keys after a rotation, signs with the first, and forgets a key that is dropped', () => {
    const old = tokens.sign('click', Buffer.from('before'));
    const rotated = createTokens([key('k2', 2), key('k1', 1)]);
    const fresh = rotated.sign('click', Buffer.from('after'));
    expect(rotated.verify('click', old)?.toString()).toBe('before');
    expect(tokens.verify('click', fresh)).toBeUndefined();
    expect(createTokens([key('k2', 2)]).verify('click', old)).toBeUndefined();
    expect(
      createTokens([key('k2', 2)])
        .verify('click', fresh)
        ?.toString(),
    ).toBe('after');
  });

  it('tells keys apart whose ids share the hint', () => {
    const many = Array.from({ length: 300 }, (_, n) => ({ id: `k${n}`, key: Buffer.alloc(32, `key ${n}`) }));
    const all = createTokens(many);
    for (const one of many)
      expect(all.verify('open', createTokens([one]).sign('open', Buffer.from(one.id)))).toBeDefined();
  });

  it('takes no missing, short or ambiguous key, and no endless payload', () => {
    expect(() => createTokens([])).toThrow('one key');
    expect(() => createTokens([{ id: 'k', key: Buffer.alloc(31) }])).toThrow('32 bytes');
    expect(() => createTokens([key('k', 1), key('k', 2)])).toThrow('same id');
    expect(() => tokens.sign('click', Buffer.alloc(MAX_PAYLOAD_BYTES + 1))).toThrow(RangeError);
  });

  it('makes a fingerprint that is no token and depends on key and purpose', () => {
    const payload = Buffer.from('one');
    const prints = [
      tokens.fingerprint('short', payload),
      tokens.fingerprint('click', payload),
      createTokens([key('k1', 2)]).fingerprint('short', payload),
    ].map((one) => one.toString('hex'));
    expect(new Set(prints).size).toBe(3);
    expect(tokens.fingerprint('short', payload).toString('hex')).toBe(prints[0]);
  });

  it('forgives the punctuation that a client takes for a part of a link, and nothing inside it', () => {
    expect(tokenInPath('abc-_).')).toBe('abc-_');
    expect(tokenInPath('abc.def')).toBe('abc.def');
  });
});

describe('payloads', () => {
  it('come back as they went in', () => {
    const linkId = linkIdOf('https://example.com');
    expect(decodeClick(encodeClick({ messageId: MESSAGE, linkId }))).toEqual({ messageId: MESSAGE, linkId });
    expect(decodeOpen(encodeOpen(MESSAGE))).toBe(MESSAGE);
    const identity = Buffer.alloc(16, 7);
    for (const rest of [
      {},
      { topic: 'Offers – été' },
      { messageId: MESSAGE },
      { messageId: MESSAGE, topic: 't' },
    ]) {
      const who = { workspaceId: WORKSPACE, identity, ...rest };
      expect(decodeUnsubscribe(encodeUnsubscribe(who))).toEqual(who);
    }
  });

  it('keep a click link at 62 characters', () => {
    const payload = encodeClick({ messageId: MESSAGE, linkId: linkIdOf('https://example.com/'.repeat(100)) });
    expect(tokens.sign('click', payload)).toHaveLength(62);
  });

  it('refuse what has not the size of one', () => {
    expect(decodeClick(Buffer.alloc(27))).toBeUndefined();
    expect(decodeOpen(Buffer.alloc(17))).toBeUndefined();
    for (const size of [0, 1, 17, 33]) expect(decodeUnsubscribe(Buffer.alloc(size, 1))).toBeUndefined();
    expect(() => encodeUnsubscribe({ workspaceId: WORKSPACE, identity: Buffer.alloc(8) })).toThrow(
      RangeError,
    );
    expect(() => encodeOpen('not-a-uuid')).toThrow(RangeError);
    const topic = 'é'.repeat(65);
    expect(() => encodeUnsubscribe({ workspaceId: WORKSPACE, identity: Buffer.alloc(16), topic })).toThrow(
      RangeError,
    );
  });
});
