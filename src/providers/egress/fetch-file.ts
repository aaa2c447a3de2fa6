import { EgressError } from './errors';
import { type EgressRequest, type EgressResponse } from './exchange';

/** A file, or why there is none. `retryable`: another try later may get it. Messages carry no URL. */
export type FetchedFile =
  | { readonly ok: true; readonly content: Buffer; readonly contentType: string }
  | {
      readonly ok: false;
      readonly code: FetchFailure;
      readonly message: string;
      readonly retryable: boolean;
    };

export type FetchFailure =
  'refused' | 'unreachable' | 'redirected' | 'not_found' | 'unavailable' | 'too_large' | 'incomplete';

const CONNECT_TIMEOUT_MS = 5_000;
/** Enough for 10 MB over a slow line; the message waits for it before it is claimed. */
const TOTAL_TIMEOUT_MS = 30_000;
const DEFAULT_CONTENT_TYPE = 'application/octet-stream';

/** GETs one file through the given client. The cap holds on bytes received, whatever Content-Length says. */
export async function fetchFileWith(
  request: (call: EgressRequest) => Promise<EgressResponse>,
  url: string,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<FetchedFile> {
  let response: EgressResponse;
  try {
    response = await request({
      url,
      method: 'GET',
      headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'Volley' },
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      totalTimeoutMs: TOTAL_TIMEOUT_MS,
      maxResponseBytes: maxBytes,
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (!(error instanceof EgressError)) throw error;
    if (error.stage === 'refused') return failed('refused', error.message, false);
    return failed('unreachable', error.message, true);
  }
  return judge(response, maxBytes);
}

function judge(response: EgressResponse, maxBytes: number): FetchedFile {
  const { status, headers, body, truncated } = response;
  if (status >= 300 && status < 400) {
    return failed('redirected', 'The file is somewhere else, and redirects are not followed.', false);
  }
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    return failed('unavailable', `The file's server answered ${status}.`, true);
  }
  if (status < 200 || status >= 300)
    return failed('not_found', `The file's server answered ${status}.`, false);
  const declaredBytes = Number(headers['content-length'] ?? 0);
  if (declaredBytes > maxBytes || (truncated && body.length >= maxBytes)) {
    return failed('too_large', `The file is larger than ${maxBytes} bytes.`, false);
  }
  if (truncated) return failed('incomplete', 'The file broke off or took too long.', true);
  if (!['', 'identity'].includes(headers['content-encoding'] ?? '')) {
    return failed('refused', 'The file came compressed although that was not asked for.', false);
  }
  return { ok: true, content: body, contentType: mediaTypeOf(headers['content-type']) };
}

function failed(code: FetchFailure, message: string, retryable: boolean): FetchedFile {
  return { ok: false, code, message, retryable };
}

/** Type and subtype only: parameters of a stranger's header have no place in ours. */
function mediaTypeOf(header: string | undefined): string {
  const [type = ''] = (header ?? '').split(';');
  const trimmed = type.trim().toLowerCase();
  return /^[a-z0-9.+-]+\/[a-z0-9.+-]+$/.test(trimmed) ? trimmed : DEFAULT_CONTENT_TYPE;
}
