const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * On the first SIGINT, SIGTERM or SIGHUP runs `stop`, then ends the process: with 0 where all stopped. Later signals
 * are ignored meanwhile: a launcher passes Ctrl-C on although the terminal has sent it here as well.
 */
export function stopOnSignals(stop: () => Promise<void>): void {
  let stopping = false;
  const onSignal = () => {
    if (stopping) return;
    stopping = true;
    stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
}
