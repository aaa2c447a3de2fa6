import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const LISTEN = '0A';

/**
 * The process that listens at a TCP port of this machine, for servers that the harness did not start itself.
 * @throws Error where there is none that this user may see: its CPU could not be counted, and a figure without it is wrong.
 */
export function pidListeningAt(port: number): number {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  const sockets = new Set(
    ['tcp', 'tcp6'].flatMap((table) =>
      readFileSync(`/proc/net/${table}`, 'utf8')
        .split('\n')
        .slice(1)
        .map((line) => line.trim().split(/\s+/))
        .filter((fields) => fields[1]?.endsWith(`:${wanted}`) && fields[3] === LISTEN)
        .map((fields) => `socket:[${fields[9]}]`),
    ),
  );
  // Forked children of a server hold its socket too; the oldest is the server.
  const holders = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => linksOf(pid).some((link) => sockets.has(link)));
  const [first] = holders.sort((a, b) => a - b);
  if (first === undefined) throw new Error(`no process of this machine listens at port ${port}`);
  return first;
}

function linksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return '';
      }
    });
  } catch {
    return []; // Ended, or another user's.
  }
}
