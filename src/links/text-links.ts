import { type Span } from './html-links';
import { webUrl } from './web-url';

export interface TextLink extends Span {
  readonly url: string;
}

/**
 * A URL begins where no letter of another scheme stands before it, and ends at white space, an angle bracket, a quote,
 * or the punctuation of scripts that write without spaces. Whatever of that belongs to a URL is percent-encoded in it.
 */
const CANDIDATE =
  /(?<![a-z0-9+.-])https?:\/\/[^\s\p{Cc}<>"\\^`{|}“”„‘’«»‹›\u3000-\u3003\u3008-\u3011\u3014-\u301f！（），．：；？［］｛｝｢｣､｡]+/giu;

/**
 * Ends a sentence, a quotation or an emphasis rather than a URL. Not `-`, `_` and `~`: URLs do end in them, and most
 * clients take them for a part of the link, ours included.
 */
const TRAILING: ReadonlySet<string> = new Set([...".,:;!?'*…‚·"]);
const BRACKETS: Readonly<Record<string, string>> = { ')': '(', ']': '[' };

/** The web links of a plain text, in order, without overlap. */
export function findTextLinks(text: string): TextLink[] {
  return [...text.matchAll(CANDIDATE)].flatMap(({ 0: candidate, index }) => {
    const raw = withoutTrailing(candidate);
    const url = webUrl(raw);
    return url === undefined ? [] : [{ start: index, end: index + raw.length, url }];
  });
}

/** Takes the punctuation off the end, and closing brackets that the URL itself never opened. */
function withoutTrailing(candidate: string): string {
  const counts = countBrackets(candidate);
  let end = candidate.length;
  for (; end > 0; end -= 1) {
    const last = candidate[end - 1] ?? '';
    const opener = BRACKETS[last];
    if (opener === undefined) {
      if (!TRAILING.has(last)) break;
      continue;
    }
    const closing = counts.get(last) ?? 0;
    if (closing <= (counts.get(opener) ?? 0)) break;
    counts.set(last, closing - 1);
  }
  return candidate.slice(0, end);
}

function countBrackets(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const char of text.match(/[()[\]]/g) ?? []) counts.set(char, (counts.get(char) ?? 0) + 1);
  return counts;
}
