import { readLinkFields } from '../../../api/courier/link-wishes';

const utm = (source: unknown) => ({ metadata: { utm: { source } } });

test('UTM of the message, then of its channels, then of its providers: the nearest to the delivery comes last', () => {
  const outer = { ...utm('outer'), channels: { email: utm('mail') }, providers: { smtp: utm('server') } };
  expect(readLinkFields([outer, utm('nested')], undefined)?.utm).toEqual([
    { key: 'utm_source', value: 'outer' },
    { key: 'utm_source', value: 'nested' },
    { key: 'utm_source', value: 'mail', kind: 'email' },
    { key: 'utm_source', value: 'server', provider: 'smtp' },
  ]);
});

test('what is no text, no object or no channel of ours is kept and appended to nothing', () => {
  const odd = {
    metadata: { utm: [1] },
    channels: { pigeon: utm('x'), email: 3, sms: utm({}) },
    providers: null,
  };
  expect(readLinkFields([odd, utm(5)], undefined)).toBeUndefined();
});

test('the call switches clicks and opens, either way', () => {
  expect(readLinkFields([{}], true)).toEqual({ clicks: true, opens: true });
  expect(readLinkFields([{}], false)).toEqual({ clicks: false, opens: false });
});
