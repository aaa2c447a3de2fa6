/** What was taken from a budget. */
export interface Hold {
  /** Gives back what goes beyond `rest`; 0 ends the hold. Never takes more. */
  shrinkTo(rest: number): void;
}

/** So much of something as a process may have at once, be it bytes, places or connections: who finds none free waits, in order of arrival. */
export interface Budget {
  /**
   * More than there is in all takes all there is, once it is free, so that nothing waits for ever.
   * @returns undefined when it was not its turn within `waitMs`, when `signal` aborted, or when the budget was closed.
   */
  take(amount: number, waitMs: number, signal?: AbortSignal): Promise<Hold | undefined>;
  /** Sends away who waits, now and from now on. Who has a hold keeps it. */
  close(): void;
}

interface Waiting {
  readonly amount: number;
  end(hold?: Hold): void;
}

export function createBudget(total: number): Budget {
  const queue: Waiting[] = [];
  let free = total;
  let closed = false;

  function serve(): void {
    for (let next = queue[0]; next && next.amount <= free; next = queue[0]) {
      queue.shift();
      free -= next.amount;
      next.end(holdOf(next.amount));
    }
  }

  function holdOf(amount: number): Hold {
    let held = amount;
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
    take(wanted, waitMs, signal) {
      if (closed || signal?.aborted) return Promise.resolve(undefined);
      return new Promise((resolve) => {
        const giveUp = (): void => {
          queue.splice(queue.indexOf(waiting), 1);
          waiting.end();
          serve();
        };
        const timer = setTimeout(giveUp, waitMs);
        signal?.addEventListener('abort', giveUp, { once: true });
        const waiting: Waiting = {
          amount: Math.min(wanted, total),
          end(hold) {
            clearTimeout(timer);
            signal?.removeEventListener('abort', giveUp);
            resolve(hold);
          },
        };
        queue.push(waiting);
        serve();
      });
    },
    close() {
      closed = true;
      for (const waiting of queue.splice(0)) waiting.end();
    },
  };
}
