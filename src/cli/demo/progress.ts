import { SingleBar } from 'cli-progress';
import { onTerminal } from '../screen';

/** Without a terminal a line now and then is enough to see that it moves. */
const PLAIN_EVERY_MS = 2_000;
/** Long enough to be steady, short enough that the slow first second is soon forgotten. */
const RATE_WINDOW_MS = 3_000;

export interface Progress {
  /** How many of the total are through by now. */
  update(done: number): void;
  stop(): void;
}

/** A bar that moves in place on a terminal, plain lines every 2 s elsewhere. */
export function startProgress(total: number): Progress {
  const show = onTerminal() ? movingBar(total) : plainLines(total);
  const perSecond = recentRate();
  return { update: (done) => show.update(done, perSecond(done, Date.now())), stop: () => show.stop() };
}

/** How many a second over the last few seconds; times in ms. */
export function recentRate(): (done: number, atMs: number) => number {
  const seen: { done: number; atMs: number }[] = [];
  return (done, atMs) => {
    seen.push({ done, atMs });
    while (seen[1] && atMs - seen[1].atMs >= RATE_WINDOW_MS) seen.shift();
    const first = seen[0] ?? { done, atMs };
    return atMs > first.atMs ? ((done - first.done) * 1_000) / (atMs - first.atMs) : 0;
  };
}

interface Display {
  update(done: number, perSecond: number): void;
  stop(): void;
}

function movingBar(total: number): Display {
  const bar = new SingleBar({
    format: '  {bar} {value}/{total}  {rate}/s  {left}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 32,
    hideCursor: true,
    stream: process.stdout,
  });
  bar.start(total, 0, { rate: 0, left: '' });
  return {
    update: (done, rate) => bar.update(done, { rate: Math.round(rate), left: leftOf(total - done, rate) }),
    stop: () => bar.stop(),
  };
}

function plainLines(total: number): Display {
  let lastAtMs = Date.now();
  return {
    update(done, rate) {
      if (done < total && Date.now() - lastAtMs < PLAIN_EVERY_MS) return;
      lastAtMs = Date.now();
      console.log(
        `  ${String(done).padStart(String(total).length)}/${total}  ${Math.round(rate)}/s  ${leftOf(total - done, rate)}`,
      );
    },
    stop: () => undefined,
  };
}

function leftOf(remaining: number, rate: number): string {
  if (remaining <= 0) return 'done';
  return rate > 0 ? `${Math.ceil(remaining / rate)} s left` : '';
}
