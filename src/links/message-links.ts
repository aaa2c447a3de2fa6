import { encodeClick, encodeOpen, encodeUnsubscribe, linkIdOf, type UnsubscribePayload } from './payloads';
import { type Tokens } from './tokens';

/** The addresses that one message carries. */
export interface MessageLinks {
  /** `<base>/c/<token>`, for `rewriteLinks`. */
  linkFor(url: string): string;
  /** The row of `links` to keep before the message is sent, for each URL that `rewriteLinks` reported. */
  rowFor(url: string): { readonly id: Buffer; readonly url: string };
  /** `<base>/o/<token>` */
  readonly pixel: string;
  /** `<base>/u/<token>` */
  unsubscribe(from: Omit<UnsubscribePayload, 'messageId'>): string;
}

/** @param base origin and path of Volley's own links (`https://links.example.com`), without a slash at the end. */
export function createMessageLinks(tokens: Tokens, base: string, messageId: string): MessageLinks {
  return {
    linkFor: (url) => `${base}/c/${tokens.sign('click', encodeClick({ messageId, linkId: linkIdOf(url) }))}`,
    rowFor: (url) => ({ id: linkIdOf(url), url }),
    // Made only where it is asked for: most messages carry none, and it is an HMAC.
    get pixel() {
      return `${base}/o/${tokens.sign('open', encodeOpen(messageId))}`;
    },
    unsubscribe: (from) =>
      `${base}/u/${tokens.sign('unsubscribe', encodeUnsubscribe({ ...from, messageId }))}`,
  };
}
