import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePort } from '../../../src/runtime/embedded/ports';
import { eventually } from '../../support/eventually';

export interface RestateServer {
  readonly ingressUrl: string;
  readonly adminUrl: string;
  close(): Promise<void>;
}

/** The server from its npm package, one node with its default durability, below the program that uses it, so that it is counted. */
export async function startRestateServer(dir: string): Promise<RestateServer> {
  const [node, ingress, admin] = [await freePort(), await freePort(), await freePort()];
  const file = join(
    __dirname,
    `node_modules/@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`,
  );
  const child = spawn(file, ['--no-logo', '--base-dir', dir, '--log-filter', 'warn'], {
    env: {
      ...process.env,
      RESTATE_LISTEN_MODE: 'tcp',
      RESTATE_BIND_IP: '127.0.0.1',
      RESTATE_BIND_PORT: String(node),
      RESTATE_INGRESS__BIND_PORT: String(ingress),
      RESTATE_ADMIN__BIND_PORT: String(admin),
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const failed = once(child, 'error').then(([error]) => {
    throw error;
  });
  const [ingressUrl, adminUrl] = [`http://127.0.0.1:${ingress}`, `http://127.0.0.1:${admin}`];
  const healthy = async (url: string): Promise<boolean> => (await fetch(url)).ok;
  const ready = eventually(
    'restate-server works',
    async () => (await healthy(`${adminUrl}/health`)) && healthy(`${ingressUrl}/restate/health`),
  );
  await Promise.race([ready, failed]);
  return {
    ingressUrl,
    adminUrl,
    async close() {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
