/** Who may use a connection of a pool: as many at once as the pool has, in order of arrival. */
export interface Slots {
  /** False when none came free within `waitMs`, when `signal` aborted, or when the pool was given up meanwhile. */
  take(waitMs: number, signal: AbortSignal): Promise<boolean>;
  /** Gives back what was taken, once. */
  release(): void;
  /** Sends away who waits, now and from now on. Who has a slot keeps it. */
  close(): void;
}

export function createSlots(size: number): Slots {
  const waiting = new Set<(taken: boolean) => void>();
  let free = size;
  let closed = false;

  return {
    take(waitMs, signal) {
      if (closed || signal.aborted) return Promise.resolve(false);
      if (free > 0) {
        free -= 1;
        return Promise.resolve(true);
      }
      return new Promise((resolve) => {
        const end = (taken: boolean): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', giveUp);
          waiting.delete(end);
          resolve(taken);
        };
        const giveUp = () => end(false);
        const timer = setTimeout(giveUp, waitMs);
        signal.addEventListener('abort', giveUp, { once: true });
        waiting.add(end);
      });
    },
    release() {
      const [next] = waiting;
      if (next) next(true);
      else free += 1;
    },
    close() {
      closed = true;
      for (const end of [...waiting]) end(false);
    },
  };
}
