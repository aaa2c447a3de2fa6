import { type RunAs } from './unprivileged-user';

export type ProcessName = 'postgres' | 'temporal' | 'worker' | 'api';

/** One process of the stack: how to run it, to know that it works, and to end it. */
export type ProcessSpec = {
  name: ProcessName;
  command: string;
  args: string[];
  /** The whole environment: nothing is added to it but what the supervisor needs. */
  env: NodeJS.ProcessEnv;
  cwd: string;
  runAs: RunAs | undefined;
  stopSignal: 'SIGINT' | 'SIGTERM';
  /** How long it may take to end by itself before it is killed. */
  stopTimeoutMs: number;
  /** Clears the way before each launch, restarts included. */
  beforeLaunch?(): Promise<void>;
  /** Asked again and again after the start; false or a rejection means not yet. */
  isReady(): Promise<boolean>;
  /** True for our own Node processes: they get a channel whose closing tells them that the supervisor is gone. */
  channel?: boolean;
};
