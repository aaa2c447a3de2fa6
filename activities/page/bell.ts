/** Lets one loop sleep until something happened or it is time. A ring that nobody waits for is not lost. */
export interface Bell {
  ring(): void;
  /** At most so many ms; null: until it rings. */
  wait(atMostMs: number | null): Promise<void>;
}

/** Nobody rings for a stop: it is looked for this often. */
const LOOK_MS = 250;

export function createBell(): Bell {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      rung = true;
      wake?.();
    },
    async wait(atMostMs) {
      if (!rung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, Math.min(atMostMs ?? LOOK_MS, LOOK_MS));
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      wake = undefined;
      rung = false;
    },
  };
}
