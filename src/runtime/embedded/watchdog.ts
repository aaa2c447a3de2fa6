import { spawn } from 'node:child_process';

/**
 * Keeps the last line it reads and, when its input ends, signals what that line names. A shell, since it has to
 * outlive a killed supervisor at the price of a megabyte, not of another Node.
 */
const SCRIPT = `
last=
while IFS= read -r line; do last=$line; done
for entry in $last; do kill -s "\${entry%%:*}" "\${entry#*:}" 2>/dev/null; done
`;

type Watched = { pid: number; stopSignal: 'SIGINT' | 'SIGTERM' };
export type Watchdog = {
  /** Replaces the list of processes to end with this one. */
  watch(processes: Watched[]): void;
  /** Lets it go without ending anything. */
  dismiss(): void;
};

/**
 * Ends the given processes when this one disappears, also by SIGKILL: the pipe between them closes whatever happens.
 * Meant for programs that are not ours and cannot notice by themselves.
 */
export function startWatchdog(): Watchdog {
  const shell = spawn('/bin/sh', ['-c', SCRIPT], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // Without a shell the stack still runs; left-overs are then found at the next start.
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  (shell.stdin as unknown as { unref?(): void }).unref?.();
  const write = (line: string) => void (shell.stdin.writable && shell.stdin.write(`${line}\n`));
  return {
    watch: (processes) =>
      write(processes.map(({ pid, stopSignal }) => `${stopSignal.replace('SIG', '')}:${pid}`).join(' ')),
    dismiss: () => {
      write('');
      shell.stdin.end();
    },
  };
}
