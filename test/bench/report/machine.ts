import { cpus, loadavg, totalmem } from 'node:os';

/** Above this others are at work on the machine, and seconds are lower bounds; ratios still hold, roughly. */
export const IDLE_LOAD = 0.3;

export interface Machine {
  readonly cpus: number;
  readonly model: string;
  readonly memoryGiB: number;
  /** Of the last minute, before anything of ours began. */
  readonly load: number;
}

export function readMachine(): Machine {
  const all = cpus();
  return {
    cpus: all.length,
    model: all[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    load: loadavg()[0] ?? 0,
  };
}
