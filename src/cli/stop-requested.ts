/**
 * Resolves at the first SIGINT or SIGTERM. Those after it are ignored: npm passes Ctrl-C on although the terminal has sent it here
 * as well, and without a listener the second one would end the process in the middle of what it has to finish.
 */
export function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve());
  });
}
