import { createAddressPolicy, parseEgressAllow } from '../../../../src/providers/egress/address-policy';

describe('the allow-list setting', () => {
  test('takes CIDRs and single addresses of both families, spaces and empty entries', () => {
    expect(parseEgressAllow(' 127.0.0.0/8, ::1,,10.1.2.3 ')).toEqual([
      { address: '127.0.0.0', prefixLength: 8, family: 'ipv4' },
      { address: '::1', prefixLength: 128, family: 'ipv6' },
      { address: '10.1.2.3', prefixLength: 32, family: 'ipv4' },
    ]);
    expect(parseEgressAllow('')).toEqual([]);
  });

  test.each([
    'localhost',
    '10.0.0.0/33',
    '::/129',
    '10.0.0/8',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '*',
    'fe80::1%eth0',
    '1.2.3.4/8/8',
  ])('refuses %s by name instead of starting with a guard that is misread', (entry) => {
    expect(() => parseEgressAllow(`127.0.0.1, ${entry}`)).toThrow(`"${entry}"`);
  });
});

describe('the verdict on an address', () => {
  const none = createAddressPolicy([]);

  test.each([
    '8.8.8.8',
    '93.184.215.14',
    '172.32.0.1',
    '100.128.0.1',
    '198.20.0.1',
    '192.0.1.1',
    '2606:4700::1111',
    '2a00:1450::1',
    '::ffff:8.8.8.8',
  ])('leaves %s public', (address) => expect(none.verdict(address)).toBe('public'));

  test('blocks what is no IP literal at all', () => {
    for (const text of ['', 'localhost', '127.1', '1.2.3.4.5', '::g'])
      expect(none.verdict(text)).toBe('blocked');
  });

  test('allows what the operator lists, in its v4-mapped spelling too, and nothing beside it', () => {
    const policy = createAddressPolicy(parseEgressAllow('127.0.0.0/8,fd00:1::/32'));
    expect(policy.verdict('127.9.9.9')).toBe('allowed');
    expect(policy.verdict('::ffff:7f00:1')).toBe('allowed');
    expect(policy.verdict('fd00:1::5')).toBe('allowed');
    expect(policy.verdict('fd00:2::5')).toBe('blocked');
    expect(policy.verdict('::1')).toBe('blocked');
    expect(policy.verdict('10.0.0.1')).toBe('blocked');
  });

  test('a NAT64 range that the operator allows leads to public addresses only', () => {
    const policy = createAddressPolicy(parseEgressAllow('64:ff9b::/96,2002::/16'));
    expect(policy.verdict('64:ff9b::8.8.8.8')).toBe('allowed');
    expect(policy.verdict('64:ff9b::169.254.169.254')).toBe('blocked');
    expect(policy.verdict('2002:0a00:0001::1')).toBe('blocked');
  });

  test('an IPv6 allow-list says nothing about IPv4', () => {
    expect(createAddressPolicy(parseEgressAllow('::/0')).verdict('127.0.0.1')).toBe('blocked');
  });
});
