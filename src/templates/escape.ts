/** Where a variable's value lands decides how it is written. */
export type Target = 'text' | 'html' | 'urlPart' | 'urlStart';

const HTML_ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => HTML_ESCAPES[char] ?? char);
}

/** Like escapeHtml, but leaves entities that are already there: for filters that may come after `escape`. */
export function escapeHtmlOnce(text: string): string {
  return text.replace(
    /&(?!(?:[a-z][a-z0-9]{1,31}|#[0-9]{1,7}|#x[0-9a-f]{1,6});)|[<>"']/gi,
    (char) => HTML_ESCAPES[char] ?? char,
  );
}

/** Half a surrogate pair makes encodeURI throw. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}

/**
 * The value as it may stand in its target. `urlPart` is one path segment or parameter; `urlStart` is a variable that
 * opens the URL and so brings its own scheme, host and separators (the scheme is checked afterwards).
 */
export function escapeFor(target: Target, value: string): string {
  switch (target) {
    case 'html':
      return escapeHtml(value);
    case 'urlPart':
      return encodeURIComponent(wellFormed(value));
    case 'urlStart':
      return encodeURI(wellFormed(value)).replaceAll('%25', '%');
    case 'text':
      return value;
  }
}

/** One line for titles and subjects: line breaks become a space, other control characters go (header injection). */
export function oneLine(text: string): string {
  return (
    text
      .replace(/[\r\n\u2028\u2029]+/g, ' ')
      // eslint-disable-next-line no-control-regex
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '')
      .trim()
  );
}
