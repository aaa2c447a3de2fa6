import { z } from 'zod';
import { sendFields } from './message-schema';

/** As many as one workflow with a child each holds at once; more are a bulk job. */
export const RECIPIENTS_MAX = 100;

/** Judged one by one by `readSendRecipient`: what it says names the recipient. */
const recipient = z.looseObject({}).meta({
  id: 'CourierSendRecipient',
  description:
    'A user: `email`, `phone_number`, `user_id`, and the keys that a profile may have. There are no stored profiles, lists or audiences yet.',
});

const message = z
  .looseObject({
    event: z.string().min(1).max(256).nullish().meta({
      description: 'The event under which it is listed; sent where there is neither template nor content.',
    }),
    ...sendFields,
    to: z.union([recipient, z.array(recipient).min(1).max(RECIPIENTS_MAX)], {
      error: `must be a recipient, or a list of 1 to ${RECIPIENTS_MAX}`,
    }),
  })
  .meta({ id: 'CourierSendRequestMessage', description: 'One of `template` and `content` is needed.' });

export const sendBody = z.object({ message }).meta({ id: 'CourierSendRequest' });
export type SendMessage = z.infer<typeof message>;
