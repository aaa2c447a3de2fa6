/** What of a request decides whether a person did it. Header names in lower case, as Node gives them. */
export interface Visit {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** Set by browsers that load a page before anybody asked for it (Sec-Purpose), and by older ones (the others). */
const PURPOSE_HEADERS = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'] as const;
const AHEAD_OF_TIME = /prefetch|prerender|preview/i;

/**
 * Programs that follow links and say so: crawlers, and the chat applications that fetch a link to show a preview. A
 * scanner that poses as a browser is counted: nothing in its request tells it apart.
 */
const PROGRAM =
  /bot\b|crawl|spider|slurp|preview|facebookexternalhit|whatsapp|^(?:curl|wget|python|go-http-client|okhttp|java)\b/i;

/** True for a GET by a person: HEAD, prefetches and previews look at a link without anybody having opened it. */
export function isOpening({ method, headers }: Visit): boolean {
  if (method !== 'GET') return false;
  return !PURPOSE_HEADERS.some((name) => AHEAD_OF_TIME.test(text(headers[name])));
}

/** The same for clicks, which programs make as well. Pictures are not held to it: mail clients load them by proxy. */
export function isClick(visit: Visit): boolean {
  return isOpening(visit) && !PROGRAM.test(text(visit.headers['user-agent']));
}

function text(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : (value ?? []).join(',');
}
