/** A call that got an answer, whatever its status. */
export interface Answer {
  readonly status: number;
  /** The JSON, parsed; undefined for an empty body, the text itself where it is no JSON. */
  readonly body: unknown;
}

/** Nobody answered: the message is one sentence that says who was asked and what to do. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

export interface LocalClient {
  readonly url: string;
  /** @throws UnreachableError where no answer came in time. */
  call(method: string, path: string, body?: unknown): Promise<Answer>;
}

/** A job of 10,000 users in one call takes under a second; a loaded laptop may need ten. */
const TIMEOUT_MS = 30_000;

/** Calls Volley's own API as its operator: a bearer key where there is one, JSON in and out, no redirects. `url` is without a path. */
export function createLocalClient(options: { url: string; key?: string; timeoutMs?: number }): LocalClient {
  const url = options.url.replace(/\/+$/, '');
  return {
    url,
    async call(method, path, body) {
      try {
        const response = await fetch(`${url}${path}`, {
          method,
          redirect: 'manual',
          signal: AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS),
          headers: {
            ...(options.key === undefined ? {} : { authorization: `Bearer ${options.key}` }),
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        return { status: response.status, body: parse(await response.text()) };
      } catch (cause) {
        throw new UnreachableError(
          `No Volley answers at ${url}: start it (volley start), or name the right one with --api.`,
          { cause },
        );
      }
    },
  };
}

/** The one field of a JSON answer, and undefined for everything else. */
export function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
