import { type CallbackReader, refuse } from './contract';
import { eventsOfDsn, readDsn } from './dsn';
import { type TokenSigner } from './return-path';

/**
 * Bounces of an `smtp` channel: the body is the raw mail that came to a return path, as a mail server's pipe or a mailbox
 * poller hands it over. Mail proves nothing of its sender; the token does: only who got the mail knows it, and it is good
 * for that one delivery.
 */
export function createSmtpBounceReader(signer: TokenSigner): CallbackReader {
  return {
    name: 'smtp',
    read(request, channel) {
      const dsn = readDsn(request.rawBody);
      if (!dsn) return refuse(400, 'The mail is no delivery status notification.');
      const deliveryId = signer.verify(dsn.recipientToken ?? '', channel.workspaceId);
      if (deliveryId === undefined) return refuse(401, 'The mail names no return path of this workspace.');
      return { ok: true, events: eventsOfDsn(dsn, { deliveryId, nowMs: request.nowMs }) };
    },
  };
}
