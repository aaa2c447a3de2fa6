/** Tells when as many recipients as a run has have ended; the warm-up and the measured run come one after the other. */
export function createCountdown(): { from(n: number): Promise<void>; one(): void } {
  let open = 0;
  let done: () => void = () => undefined;
  return {
    from(n) {
      open = n;
      return new Promise((resolve) => {
        done = resolve;
      });
    },
    one() {
      open -= 1;
      if (open === 0) done();
    },
  };
}
