import { join } from 'node:path';
import { startPostgres, type BenchPostgres } from './postgres';
import { startRedis, type BenchRedis } from './redis';
import { startTemporal, type BenchTemporal } from './temporal';

export type ServiceName = 'postgres' | 'redis' | 'temporal';

export interface Services {
  postgres(): Promise<BenchPostgres>;
  redis(): Promise<BenchRedis>;
  temporal(): Promise<BenchTemporal>;
  /** Of those in `names`, which have to be started. */
  pids(names: readonly ServiceName[]): Promise<number[]>;
  /** Bytes that they have written to be durable. */
  storeBytes(names: readonly ServiceName[]): Promise<number>;
  /** What was used, in words: the durability class of the figures. */
  descriptions(): Promise<string[]>;
  close(): Promise<void>;
}

/** Each is started when it is first asked for, and one of each serves the whole run. */
export function createServices(dir: string): Services {
  let postgres: Promise<BenchPostgres> | undefined;
  let redis: Promise<BenchRedis> | undefined;
  let temporal: Promise<BenchTemporal> | undefined;
  const services: Services = {
    postgres: () => (postgres ??= startPostgres(join(dir, 'pg'))),
    redis: () => (redis ??= startRedis(join(dir, 'redis'))),
    temporal: () => (temporal ??= startTemporal(join(dir, 'temporal'))),
    pids: (names) => Promise.all(names.map(async (name) => (await services[name]()).pid)),
    async storeBytes(names) {
      let sum = 0;
      if (names.includes('postgres')) sum += await (await services.postgres()).walBytes();
      if (names.includes('redis')) sum += (await services.redis()).aofBytes();
      if (names.includes('temporal')) sum += (await services.temporal()).writtenBytes();
      return sum;
    },
    descriptions: async () => (await started()).map(({ description }) => description),
    async close() {
      for (const service of await started()) await service.close();
    },
  };
  const started = async () => {
    const settled = await Promise.allSettled([temporal, redis, postgres]);
    return settled.flatMap((each) =>
      each.status === 'fulfilled' && each.value !== undefined ? [each.value] : [],
    );
  };
  return services;
}
