import { performance } from 'node:perf_hooks';
import { loadavg } from 'node:os';
import { call, percentile } from './http';
import { cpuSeconds, residentMb } from './processes';
import { type IntakeStand } from './stand';

const USERS_PER_CALL = 1_000;

export interface FillRow {
  readonly clients: number;
  /** Users in the job after this step, and those added by it. */
  readonly users: number;
  readonly added: number;
  readonly usersPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly apiCpuPer1000: number;
  readonly postgresCpuPer1000: number;
  readonly apiResidentMb: number;
  readonly bytesPerUser: number;
  readonly load: number;
}

/** Fills a job up to `until` users, 1,000 a call, and checks that each call added all of its users. */
export async function fill(
  stand: IntakeStand,
  job: { jobId: string; from: number; until: number; clients: number },
): Promise<FillRow> {
  const { api, pids } = stand;
  const bytesBefore = await databaseBytes(stand);
  const cpuBefore = { api: cpuSeconds(pids.api), postgres: cpuSeconds(pids.postgres) };
  const times: number[] = [];
  let next = job.from;
  const startMs = performance.now();
  const client = async (): Promise<void> => {
    while (next < job.until) {
      const first = next;
      next = Math.min(job.until, first + USERS_PER_CALL);
      const size = next - first;
      const { body, ms } = await call('POST', `${api}/bulk/${job.jobId}`, usersBody(first, size));
      if (body['total'] !== size) throw new Error(`${JSON.stringify(body).slice(0, 200)} for ${size} users`);
      times.push(ms);
    }
  };
  await Promise.all(Array.from({ length: job.clients }, client));
  const seconds = (performance.now() - startMs) / 1_000;
  const added = job.until - job.from;
  const per1000 = (after: number, before: number): number => ((after - before) / added) * 1_000;
  return {
    clients: job.clients,
    users: job.until,
    added,
    usersPerSecond: added / seconds,
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
    apiCpuPer1000: per1000(cpuSeconds(pids.api), cpuBefore.api),
    postgresCpuPer1000: per1000(cpuSeconds(pids.postgres), cpuBefore.postgres),
    apiResidentMb: residentMb(pids.api),
    bytesPerUser: ((await databaseBytes(stand)) - bytesBefore) / added,
    load: loadavg()[0] ?? NaN,
  };
}

/** The seed's shape of a user: an id, two addresses, a name and two variables; about 200 bytes. */
function usersBody(first: number, size: number): string {
  const users = Array.from({ length: size }, (_, i) => {
    const n = first + i;
    return `{"to":{"user_id":"user-${n}","email":"user-${n}@example.test","phone_number":"+1500555${n % 10_000}",\
"data":{"recipientName":"Recipient ${n}","plan":"pro","credits":${n % 1_000}}},"profile":{"locale":"en-GB"}}`;
  });
  return `{"users":[${users.join(',')}]}`;
}

async function databaseBytes({ db }: IntakeStand): Promise<number> {
  const [row] = await db.query<{ bytes: number }>('select pg_database_size(current_database()) as bytes');
  return row?.bytes ?? NaN;
}
