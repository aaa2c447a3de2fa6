import { readElement } from '../../../api/bird/element';

const gates = (fields: object) =>
  readElement(
    {
      receiver: { contacts: [{ identifierValue: 'a@b.nl' }] },
      body: { type: 'text', text: { text: 'x' } },
      ...fields,
    },
    { channelId: 'c', kind: 'email', acceptedAtMs: 0, poison: [] },
  ).spec.gates;

test.each([
  [{}, undefined],
  [{ ignoreQuietHours: true }, { ignoreQuietHours: true }],
  [{ ignoreQuietHours: false }, undefined],
  [{ ignoreGlobalHoldout: true }, { ignoreGlobalHoldout: true }],
  [{ meta: { skipThisMessage: 'globalHoldout' } }, { heldOut: true }],
  [{ meta: { skipThisMessage: 'something else' } }, undefined],
  [{ capFrequency: true, meta: { extraInformation: { useCase: 'marketing' } } }, { capFrequency: true }],
  [{ meta: { extraInformation: { useCase: 'transactional' } } }, { transactional: true }],
])('%j asks the gates %j', (fields, expected) => {
  expect(gates(fields)).toEqual(expected);
});
