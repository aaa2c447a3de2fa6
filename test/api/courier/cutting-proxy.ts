import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

export interface CuttingProxy {
  readonly url: string;
  /** How many answers the server gave so far, cut ones included. */
  readonly answers: number;
  /** How many of them were cut. */
  readonly cuts: number;
  /** The next answer is thrown away and its connection reset: the server has committed, the client knows nothing. */
  cutNext(): void;
  close(): Promise<void>;
}

/** A TCP proxy before a server on 127.0.0.1 that can lose an answer on the way back. */
export async function startCuttingProxy(port: number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let armed = false;
  let answers = 0;
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
      // Resets are what this is for.
      socket.on('error', () => undefined);
    }
    client.pipe(upstream);
    upstream.on('data', (answer) => {
      if (answer.toString('latin1', 0, 5) === 'HTTP/') answers += 1;
      if (!armed) return void client.write(answer);
      armed = false;
      cuts += 1;
      client.resetAndDestroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get answers() {
      return answers;
    },
    get cuts() {
      return cuts;
    },
    cutNext() {
      armed = true;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
