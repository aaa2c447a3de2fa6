import { fateDetail, saysUnknownAddress } from '../../../src/domain/fate-detail';

const bounce = { type: 'bounced', hard: true };

it.each([
  ['a hard bounce without a code', bounce, true],
  ["a vendor's own code", { ...bounce, code: '30005', detail: 'The number is unknown.' }, true],
  ['5.1.1', { ...bounce, code: '5.1.1' }, true],
  ['a closed mailbox', { ...bounce, code: '5.2.1' }, true],
  ['a status that says nothing', { ...bounce, code: '5.0.0' }, true],
  ['a full mailbox', { ...bounce, code: '5.2.2' }, false],
  ['a policy', { ...bounce, code: '5.7.1' }, false],
  ['a soft bounce', { ...bounce, hard: false, code: '5.1.1' }, false],
  ['a refusal of the carrier', { type: 'carrier_refused', hard: true }, false],
])('only a bounce that condemns the address says so: %s', (_, fact, expected) => {
  expect(saysUnknownAddress(fateDetail(fact))).toBe(expected);
});

it("the vendor's words are kept, else its code, else nothing", () => {
  expect(fateDetail({ ...bounce, hard: false, code: '5.2.2', detail: 'Full.' })).toBe('Full.');
  expect(fateDetail({ ...bounce, code: '5.1.1', detail: 'No such user.' })).toBe(
    'unknown_address: No such user.',
  );
  expect(fateDetail({ type: 'carrier_refused', code: '30007' })).toBe('30007');
  expect(fateDetail({ type: 'carrier_refused' })).toBeNull();
});

it('other words that a vendor begins with are not taken for it', () => {
  expect(saysUnknownAddress('unknown_address_book')).toBe(false);
});
