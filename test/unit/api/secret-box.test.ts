import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { createSecretBox, UnsealError } from '../../../src/runtime/secret-box';

const key = (id: string) => ({ id, key: randomBytes(32) });
const [first, second] = [key('first'), key('second')];
const owner = { workspaceId: 'w', channelId: 'c' };

test('what is sealed opens again, and looks different each time', () => {
  const box = createSecretBox([first]);
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const [a, b] = [box.seal(text, owner), box.seal(text, owner)];
      expect(a.equals(b)).toBe(false);
      expect([box.open(a, owner), box.open(b, owner)]).toEqual([text, text]);
    }),
  );
});

test('it opens for its owner alone, and not when a byte was changed', () => {
  const box = createSecretBox([first]);
  const sealed = box.seal('secret', owner);
  expect(() => box.open(sealed, { ...owner, workspaceId: 'x' })).toThrow();
  expect(() => box.open(sealed, { ...owner, channelId: 'x' })).toThrow();
  for (let i = 0; i < sealed.length; i += 1) {
    const changed = Buffer.from(sealed);
    changed[i] = (changed[i] ?? 0) ^ 1;
    expect(() => box.open(changed, owner)).toThrow(UnsealError);
  }
  expect(() => box.open(Buffer.alloc(0), owner)).toThrow('not a sealed secret');
});

test('after a rotation the new key seals and both open; without the old one its name is said', () => {
  const old = createSecretBox([first]).seal('secret', owner);
  const rotated = createSecretBox([second, first]);
  expect(rotated.open(old, owner)).toBe('secret');
  const fresh = rotated.seal('secret', owner);
  expect(createSecretBox([second]).open(fresh, owner)).toBe('secret');
  expect(() => createSecretBox([second]).open(old, owner)).toThrow('"first"');
});

test('keys that cannot be meant are refused', () => {
  expect(() => createSecretBox([])).toThrow('VOLLEY_ENCRYPTION_KEY');
  expect(() => createSecretBox([{ id: 'short', key: Buffer.alloc(16) }])).toThrow('32 bytes');
  expect(() => createSecretBox([first, { ...second, id: 'first' }])).toThrow('same id');
  expect(() => createSecretBox([{ ...first, id: '' }])).toThrow('visible');
});
