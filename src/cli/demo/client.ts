import { fieldOf, type LocalClient } from '../../runtime/local-client';
import { OperatorError } from '../../domain/operator-error';

/** Calls that have to succeed: whatever else comes back ends the demo with one sentence. */
export interface DemoClient {
  call(method: string, path: string, body?: unknown): Promise<unknown>;
}

export function demoClient(client: LocalClient): DemoClient {
  return {
    async call(method, path, body) {
      const answer = await client.call(method, path, body);
      if (answer.status >= 200 && answer.status < 300) return answer.body;
      const said = fieldOf(answer.body, 'message') ?? fieldOf(answer.body, 'detail');
      throw new OperatorError(
        `The demo's call ${method} ${path} was refused with ${answer.status}${typeof said === 'string' ? `: ${said}` : '.'}`,
      );
    },
  };
}

/** Asks again until `done` gives something; a demo that stands still for so long has lost something. */
export async function poll<T>(
  what: string,
  timing: { readonly everyMs: number; readonly timeoutMs: number },
  ask: () => Promise<T | undefined>,
): Promise<T> {
  const endMs = Date.now() + timing.timeoutMs;
  for (;;) {
    const found = await ask();
    if (found !== undefined) return found;
    if (Date.now() > endMs) {
      throw new OperatorError(`The demo waited ${timing.timeoutMs / 1_000} s for ${what}: see the logs.`);
    }
    await new Promise((resolve) => setTimeout(resolve, timing.everyMs));
  }
}

/** A text field of an answer. @throws OperatorError where it is not there: the API is not the one this demo knows. */
export function textField(answer: unknown, name: string): string {
  const value = fieldOf(answer, name);
  if (typeof value === 'string') return value;
  throw new OperatorError(
    `The demo got an answer without ${name}: run it with the Volley that it came with.`,
  );
}
