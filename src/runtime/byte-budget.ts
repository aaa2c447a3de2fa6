/** Bytes taken from a budget. */
export interface Hold {
  /** Gives back what goes beyond `bytes`; 0 ends the hold. Never takes more. */
  shrinkTo(bytes: number): void;
}

/** Bytes that a process may hold at once: who finds none free waits its turn. */
export interface ByteBudget {
  /**
   * More than there is in all takes all there is, once it is free, so that nothing waits for ever.
   * @returns undefined when it was not its turn within `waitMs`.
   */
  take(bytes: number, waitMs: number): Promise<Hold | undefined>;
}

interface Waiting {
  readonly bytes: number;
  readonly serve: () => void;
}

export function createByteBudget(totalBytes: number): ByteBudget {
  const queue: Waiting[] = [];
  let free = totalBytes;

  function serve(): void {
    for (let next = queue[0]; next && next.bytes <= free; next = queue[0]) {
      queue.shift();
      free -= next.bytes;
      next.serve();
    }
  }

  function holdOf(bytes: number): Hold {
    let held = bytes;
    return {
      shrinkTo(rest) {
        if (rest >= held) return;
        free += held - rest;
        held = rest;
        serve();
      },
    };
  }

  return {
    take(wanted, waitMs) {
      const bytes = Math.min(wanted, totalBytes);
      return new Promise((resolve) => {
        const waiting: Waiting = {
          bytes,
          serve: () => {
            clearTimeout(timer);
            resolve(holdOf(bytes));
          },
        };
        const timer = setTimeout(() => {
          queue.splice(queue.indexOf(waiting), 1);
          resolve(undefined);
          serve();
        }, waitMs);
        queue.push(waiting);
        serve();
      });
    },
  };
}
