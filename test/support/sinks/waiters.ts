/** Lets a test wait for a condition that a sink's own events make true, instead of sleeping. */
export interface Waiters {
  /** Call after every change of state. */
  changed(): void;
  /** Resolves once `done()` holds; rejects after `timeoutMs` naming `what`. */
  until(done: () => boolean, timeoutMs: number, what: string): Promise<void>;
}

export function createWaiters(): Waiters {
  const pending = new Set<() => void>();
  return {
    changed() {
      for (const check of [...pending]) check();
    },
    until(done, timeoutMs, what) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          pending.delete(check);
          reject(new Error(`waited ${timeoutMs} ms for ${what}`));
        }, timeoutMs);
        const check = () => {
          if (!done()) return;
          clearTimeout(timer);
          pending.delete(check);
          resolve();
        };
        pending.add(check);
        check();
      });
    },
  };
}
