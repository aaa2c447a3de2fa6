import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FAILURE_CODES, renderFailureCodes } from '../../../api/bird/failure-codes';
import { birdStatus, OUR_BIRD_CODES } from '../../../src/domain/outward';
import { REASONS_BY_STATE, type Reason } from '../../../src/domain/reasons';
import { type MessageState } from '../../../src/domain/states';

/** Every code that any state and reason can show, with the reasons behind it. */
function shown(): Map<number, Set<Reason>> {
  const codes = new Map<number, Set<Reason>>();
  for (const [state, reasons] of Object.entries(REASONS_BY_STATE)) {
    for (const reason of reasons) {
      for (const detail of [null, 'unknown_address']) {
        const { code } = birdStatus({ state: state as MessageState, reason, detail });
        if (code !== undefined) codes.set(code, (codes.get(code) ?? new Set()).add(reason));
      }
    }
  }
  return codes;
}

it('the table has every code that a message can show, with its reasons, and no other', () => {
  const listed = new Map(FAILURE_CODES.map(({ code, reasons }) => [code, [...reasons].toSorted()]));
  const expected = new Map([...shown()].map(([code, reasons]) => [code, [...reasons].toSorted()]));
  expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(expected));
});

it('the table says which codes are ours', () => {
  expect(FAILURE_CODES.filter(({ ours }) => ours).map(({ code }) => code)).toEqual(OUR_BIRD_CODES);
});

it('the page in the docs is the table', () => {
  const page = readFileSync(join(__dirname, '../../../docs/bird-failure-codes.md'), 'utf8');
  expect(page).toBe(renderFailureCodes());
});
