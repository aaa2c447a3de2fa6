import { createServer, type AddressInfo } from 'node:net';
import { claimPort, freePort } from '../../../src/runtime/embedded/ports';
import { claimPorts } from '../../../src/runtime/embedded/stack-services';
import { StartupError } from '../../../src/runtime/embedded/startup-error';

test('a taken port is one sentence with the port and the variable to change', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const claim = claimPort(port, 'VOLLEY_POSTGRES_PORT', 'Postgres');
    await expect(claim).rejects.toBeInstanceOf(StartupError);
    await expect(claim).rejects.toThrow(
      `Port ${port} (Postgres) is taken by another process: set VOLLEY_POSTGRES_PORT to a free port, or to 0 to have one picked.`,
    );
  } finally {
    server.close();
  }
});

test('a free port is granted as wanted, and 0 picks one', async () => {
  const wanted = await freePort();
  expect(await claimPort(wanted, 'PORT', 'the API')).toBe(wanted);
  expect(await claimPort(0, 'PORT', 'the API')).toBeGreaterThan(0);
});

test('picked ports of one stack are all different', async () => {
  const config = {
    ...{ dataDir: '/nowhere', apiPort: 0, postgresPort: 0, temporalPort: 0, temporalUiPort: 0 },
    namespace: 'default',
  };
  const ports = Object.values(await claimPorts(config));
  expect(new Set(ports).size).toBe(4);
});
