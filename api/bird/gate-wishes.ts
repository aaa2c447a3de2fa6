import { type GateWishes } from '../../src/domain/gate-wishes';
import { type MessageSpec } from '../../src/domain/message-spec';
import { type BirdMessageRequest } from './element-schema';

/** The one word of Bird's for `meta.skipThisMessage`: the caller keeps this recipient out, to compare with. */
const HELD_OUT = 'globalHoldout';

type GateFields = Pick<
  BirdMessageRequest,
  'capFrequency' | 'ignoreQuietHours' | 'ignoreGlobalHoldout' | 'meta'
>;

/** What a message asks of the gates, in our words; `gates` is absent where it asks nothing. */
export function readGateWishes(fields: GateFields): Pick<MessageSpec, 'gates'> {
  const { meta } = fields;
  const gates: GateWishes = {
    ...(fields.capFrequency ? { capFrequency: true } : {}),
    ...(fields.ignoreQuietHours ? { ignoreQuietHours: true } : {}),
    ...(fields.ignoreGlobalHoldout ? { ignoreGlobalHoldout: true } : {}),
    ...(meta?.skipThisMessage === HELD_OUT ? { heldOut: true } : {}),
    ...(meta?.extraInformation?.['useCase'] === 'transactional' ? { transactional: true } : {}),
  };
  return Object.keys(gates).length > 0 ? { gates } : {};
}
