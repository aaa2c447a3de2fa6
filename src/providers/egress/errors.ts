/**
 * How far a call got.
 * - refused: our own rules said no; nothing was opened.
 * - connect: no connection, or none ready for the request; provably nothing was sent.
 * - sent: the request was (being) written and no answer came; it may have been taken.
 */
export type EgressStage = 'refused' | 'connect' | 'sent';

export type EgressCode =
  | 'invalid_url'
  | 'scheme_refused'
  | 'address_refused'
  | 'invalid_header'
  | 'dns_failed'
  | 'tls_failed'
  | 'connect_failed'
  | 'connect_timeout'
  | 'timeout'
  | 'reset'
  | 'malformed_answer'
  | 'aborted';

/** A call without an answer. The message is fit for an outcome: no URL, no address, no header. */
export class EgressError extends Error {
  constructor(
    readonly stage: EgressStage,
    readonly code: EgressCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = 'EgressError';
  }
}

/** Codes of Node's resolver: the name leads nowhere, now or at all. */
const DNS_CODES = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_NODATA',
  'EAI_FAIL',
  'ENODATA',
  'ESERVFAIL',
  'ETIMEOUT',
]);

/** Turns whatever the HTTP client or a socket threw into an EgressError of the given stage. */
export function toEgressError(error: unknown, stage: 'connect' | 'sent'): EgressError {
  if (error instanceof EgressError) return error;
  const cause = { cause: error };
  const code = codeOf(error);
  if (stage === 'sent') {
    if (
      (error as { name?: unknown } | null)?.name === 'HTTPParserError' ||
      code === 'UND_ERR_HEADERS_OVERFLOW'
    ) {
      return new EgressError('sent', 'malformed_answer', 'The answer was no valid HTTP.', cause);
    }
    return new EgressError('sent', 'reset', 'The connection ended before an answer came.', cause);
  }
  if (DNS_CODES.has(code))
    return new EgressError('connect', 'dns_failed', 'The host name did not resolve.', cause);
  if (/^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|EPROTO)/.test(code)) {
    return new EgressError('connect', 'tls_failed', 'The TLS handshake failed.', cause);
  }
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') {
    return new EgressError(
      'connect',
      'connect_timeout',
      'The connection was not established in time.',
      cause,
    );
  }
  return new EgressError('connect', 'connect_failed', 'No connection could be made.', cause);
}

/** With several addresses tried, Node throws an AggregateError whose parts carry the reason. */
function codeOf(error: unknown): string {
  const outer = (error as { code?: unknown } | null)?.code;
  if (typeof outer === 'string') return outer;
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  const inner = (first as { code?: unknown } | undefined)?.code;
  return typeof inner === 'string' ? inner : '';
}
