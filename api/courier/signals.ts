import { type NewRecipient } from '../../src/service/service';
import { readInboundJob, type InboundJob } from './inbound-message';
import { readInboundUser } from './inbound-user';

/** The create message that another workflow hands over: `POST /bulk` without the envelope. Throws invalid_request. */
export function readJobForSignal(message: unknown): InboundJob {
  return readInboundJob({ message });
}

/** The users of an `ingestUsers` signal. A bad one is left out: a signal has nobody to tell. */
export function readUsersForSignal(jobId: string, users: readonly unknown[]): readonly NewRecipient[] {
  return users.flatMap((user) => {
    const reading = readInboundUser(jobId, user);
    return reading.ok ? [reading.recipient] : [];
  });
}
