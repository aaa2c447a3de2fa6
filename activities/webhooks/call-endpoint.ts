import { type Egress } from '../../src/providers/egress/guarded-client';
import { EgressError } from '../../src/providers/egress/errors';
import { parseRetryAfter } from '../../src/providers/retry-after';

/** One call, ready to be made. */
export interface EndpointCall {
  readonly id: string;
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Why a call counts as not taken. `text` is shown to the endpoint's owner: no address, no header in it. */
export interface CallFailure {
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly text: string;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** Standard Webhooks: 15 to 30 s. Who needs longer answers first and works later. */
const TOTAL_TIMEOUT_MS = 15_000;
/** The status is the answer; the body is nobody's business. */
const MAX_RESPONSE_BYTES = 4_096;

/**
 * Makes the call through the egress guard. Only 2xx means taken; a redirect is a failure and is not followed.
 * @returns undefined when it was taken. @throws when this worker is asked to stop: that is no failure of the receiver.
 */
export async function callEndpoint(
  egress: Egress,
  call: EndpointCall,
  signal: AbortSignal,
): Promise<CallFailure | undefined> {
  try {
    const { status, headers } = await egress.request({
      url: call.url,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'Volley', ...call.headers },
      body: call.body,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      totalTimeoutMs: TOTAL_TIMEOUT_MS,
      maxResponseBytes: MAX_RESPONSE_BYTES,
      signal,
    });
    if (status >= 200 && status < 300) return undefined;
    const isRedirect = status >= 300 && status < 400;
    return {
      status,
      retryAfterMs: parseRetryAfter(headers['retry-after'], Date.now()),
      text: `answered ${status}${isRedirect ? ', and redirects are not followed' : ''}`,
    };
  } catch (error) {
    if (signal.aborted) throw error;
    const text = error instanceof EgressError ? error.message : 'The call ended in an unexpected way.';
    return { status: undefined, retryAfterMs: undefined, text };
  }
}
