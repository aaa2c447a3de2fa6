import { readForm } from './form-body';
import { decodeUnsubscribe, type UnsubscribePayload } from './payloads';
import { tokenInPath, type Tokens } from './tokens';
import {
  askPage,
  donePage,
  invalidPage,
  PAGE_FIELD,
  PAGE_HEADERS,
  PAGE_VALUE,
  type UnsubscribeWords,
} from './unsubscribe-page';

/** How somebody unsubscribed: by the button of their mail client (RFC 8058), or by ours. */
export type UnsubscribeVia = 'one_click' | 'page';

export interface UnsubscribeRequest {
  readonly method: string;
  readonly token: string;
  readonly contentType?: string;
  /** Of a POST. Read only for who has a token: strangers cannot make this process read megabytes. */
  readonly body?: () => Promise<Buffer>;
}

export interface UnsubscribeAnswer {
  readonly status: 200 | 400 | 404 | 405;
  readonly headers: Readonly<Record<string, string>>;
  readonly html: string;
}

export interface UnsubscribeStore {
  /** Commits the opt-out before it resolves. Again for one that is there already: no change, no error. */
  unsubscribe(who: UnsubscribePayload, via: UnsubscribeVia): Promise<void>;
  /** What the page calls the sender and the topic. */
  words(who: UnsubscribePayload): Promise<UnsubscribeWords>;
}

/**
 * The unsubscribe address. GET and HEAD only show a page, for scanners follow every link of a mail; a POST unsubscribes
 * when it says so in one of the two known forms. It answers 200 only after the store has committed, never redirects, and
 * needs no cookie and no login, as RFC 8058 asks. Rejects when the store does: nothing is answered that is not so.
 */
export function createUnsubscribe(tokens: Tokens, store: UnsubscribeStore) {
  return async (request: UnsubscribeRequest): Promise<UnsubscribeAnswer> => {
    const payload = tokens.verify('unsubscribe', tokenInPath(request.token));
    const who = payload && decodeUnsubscribe(payload);
    if (!who) return answer(404, invalidPage());
    const isPost = request.method === 'POST';
    if (!isPost && request.method !== 'GET' && request.method !== 'HEAD')
      return answer(405, invalidPage(), { Allow: 'GET, HEAD, POST' });
    const words = await store.words(who);
    if (!isPost) return answer(200, askPage(words));
    const via = await viaOf(request);
    if (via === undefined) return answer(400, askPage(words));
    await store.unsubscribe(who, via);
    return answer(200, donePage(words));
  };
}

async function viaOf({ contentType = '', body }: UnsubscribeRequest): Promise<UnsubscribeVia | undefined> {
  const form = readForm(contentType, body ? await body() : Buffer.alloc(0));
  if (form?.get('List-Unsubscribe') === 'One-Click') return 'one_click';
  return form?.get(PAGE_FIELD) === PAGE_VALUE ? 'page' : undefined;
}

function answer(
  status: UnsubscribeAnswer['status'],
  html: string,
  headers: Readonly<Record<string, string>> = {},
): UnsubscribeAnswer {
  return { status, headers: { ...PAGE_HEADERS, ...headers }, html };
}
