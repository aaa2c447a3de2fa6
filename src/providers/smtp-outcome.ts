import { type Outcome } from './contract';
import { EgressError } from './egress/errors';
import { outcomeOfEgressError } from './http-outcome';

/** Replies by which a server refuses us, not the message (RFC 4954, RFC 3207). */
const CREDENTIAL_REPLIES = new Set([530, 534, 535, 538]);
/** Replies that servers use for "not now" in general; a throttle only if they say so. */
const LOAD_REPLIES = new Set([421, 450, 451, 452]);
const RATE_WORDS = /\b(rate|throttl\w*|too (many|fast|much)|limit\w*|slow\w*|quota)\b/i;
/** A certificate that does not hold, or a handshake that failed. */
const TLS_FAULT = /CERT|TLS|SSL|^UNABLE_TO/;
/** Faults that the library finds in the message or the envelope before anything is sent. */
const LOCAL_FAULTS = new Set(['EENVELOPE', 'EMESSAGE', 'EMAXRECIPIENTS', 'ESTREAM']);

interface SmtpError {
  readonly code?: string;
  /** Where the library put its own code over the system's. */
  readonly originalCode?: string;
  readonly responseCode?: number | false;
  readonly response?: string;
}

/**
 * What a failed send means. A reply is a verdict. Without one it depends on `bodyEnded`: once the end of the message was
 * handed to the socket, the server may have queued it. Texts of replies are not passed on: they name mailboxes.
 */
export function outcomeOfSmtpError(
  error: unknown,
  bodyEnded: boolean,
  stopped: 'timeout' | 'aborted' | undefined,
): Outcome {
  if (error instanceof EgressError) return outcomeOfEgressError(error);
  const { code = '', originalCode = '', responseCode, response = '' } = error as SmtpError;
  // After an abort the reply, if one came, was not waited for.
  if (stopped) return unanswered(stopped, bodyEnded);
  if (!bodyEnded && (code === 'ETLS' || TLS_FAULT.test(originalCode)))
    return { type: 'retryable', code: 'tls_failed', message: 'TLS with the mail server failed.' };
  if (responseCode) return outcomeOfReply(responseCode, response);
  if (code === 'EAUTH' || code === 'ENOAUTH') {
    const message = 'The channel has no credentials that the mail server takes.';
    return { type: 'permanent', code: 'auth_failed', message, reason: 'credentials_refused' };
  }
  if (bodyEnded) return unanswered('connection_lost', true);
  if (LOCAL_FAULTS.has(code)) {
    const message = 'The message or its envelope is not one that this mail server takes.';
    return { type: 'permanent', code: 'invalid_message', message, reason: 'provider_refused' };
  }
  return unanswered(code === 'ETIMEDOUT' ? 'timeout' : 'connection_lost', false);
}

/** A reply of the server: 4yz come back later, 5yz never. */
export function outcomeOfReply(status: number, response: string): Outcome {
  const enhanced = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1];
  const code = `smtp_${status}`;
  const message = `The mail server answered ${status}${enhanced ? ` ${enhanced}` : ''}.`;
  if (CREDENTIAL_REPLIES.has(status)) {
    return { type: 'permanent', code, message, reason: 'credentials_refused' };
  }
  if (status >= 500) return { type: 'permanent', code, message, reason: 'provider_refused' };
  // 4.5.3 is "too many recipients in this envelope", which waiting does not mend.
  const rated = enhanced?.startsWith('4.7.') === true || (RATE_WORDS.test(response) && enhanced !== '4.5.3');
  return { type: LOAD_REPLIES.has(status) && rated ? 'throttled' : 'retryable', code, message };
}

function unanswered(code: 'timeout' | 'aborted' | 'connection_lost', bodyEnded: boolean): Outcome {
  return bodyEnded
    ? { type: 'ambiguous', code, message: 'The message was handed over and no answer came.' }
    : {
        type: 'retryable',
        code,
        message: 'The mail server was not reached, or left before the message was complete.',
      };
}
