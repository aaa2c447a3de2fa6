import { type NewRecipient } from '../../src/service/service';
import { cleanJson } from '../middleware/clean-json';
import { readInboundJob, type InboundJob } from './inbound-message';
import { readInboundUser } from './inbound-user';

/** The create message that another workflow hands over: `POST /bulk` without the envelope. Throws invalid_request. */
export function readJobForSignal(message: unknown): InboundJob {
  return readInboundJob({ message: cleanJson(message).value });
}

/**
 * The users of an `ingestUsers` signal. A bad one is left out: a signal has nobody to tell. What the ledger cannot keep (a NUL, half
 * a pair of surrogates) is taken out of what is said, and the rest of the user counts.
 */
export function readUsersForSignal(jobId: string, users: readonly unknown[]): readonly NewRecipient[] {
  return users.flatMap((user) => {
    const reading = readInboundUser(jobId, cleanJson(user).value);
    return reading.ok ? [reading.recipient] : [];
  });
}
