import { join } from 'node:path';
import { PEERS } from './runtime';
import { type ServiceName } from './services/services';

export interface Contestant {
  readonly name: string;
  /** One line for the chart and the table. */
  readonly title: string;
  readonly group: 'ours' | 'limit' | 'naive' | 'peer';
  readonly file: string;
  readonly needs: readonly ServiceName[];
  readonly variant?: string;
  /** Designs that start a workflow per recipient run fewer: their rate does not depend on it, and nobody waits an hour. */
  readonly mostRecipients?: number;
  /** False where nothing is sent, so that there is nothing for the sink to count. */
  readonly sends?: boolean;
}

/** A workflow per recipient: 30 to 100 a second on the machine that the design is for. */
const SLOW = 2_000;
/** The naive program ends at 2,000 pending children. */
const SURVIVES = 1_500;
const program = (name: string): string => join(__dirname, 'programs', `${name}.ts`);
const peer = (name: string): string => join(PEERS, `${name}.ts`);

export const CONTESTANTS: readonly Contestant[] = [
  {
    ...{ name: 'ours-page', title: 'Volley, page lane', group: 'ours' },
    ...{ file: program('ours'), needs: ['postgres', 'temporal'], variant: 'page' },
  },
  {
    ...{ name: 'ours-workflow', title: 'Volley, workflow lane', group: 'ours', mostRecipients: SLOW },
    ...{ file: program('ours'), needs: ['postgres', 'temporal'], variant: 'workflow' },
  },
  {
    ...{ name: 'raw-http', title: 'HTTP alone, nothing kept', group: 'limit' },
    ...{ file: program('raw-http'), needs: [] },
  },
  {
    ...{ name: 'raw-pg', title: 'Postgres, SKIP LOCKED', group: 'limit' },
    ...{ file: program('raw-pg'), needs: ['postgres'] },
  },
  {
    ...{
      name: 'bare-child',
      title: 'Temporal, bare child with one activity',
      group: 'limit',
      mostRecipients: SLOW,
    },
    ...{ file: program('temporal/bare'), needs: ['temporal'], variant: 'activity' },
  },
  {
    ...{
      name: 'bare-noop',
      title: 'Temporal, bare child that does nothing',
      group: 'limit',
      mostRecipients: SLOW,
    },
    ...{ file: program('temporal/bare'), needs: ['temporal'], variant: 'noop', sends: false },
  },
  {
    ...{ name: 'naive', title: 'Temporal, the program of a day', group: 'naive', mostRecipients: SURVIVES },
    ...{ file: program('temporal/naive'), needs: ['temporal'] },
  },
  {
    ...{ name: 'bullmq', title: 'BullMQ on Redis', group: 'peer' },
    ...{ file: peer('bullmq'), needs: ['redis'] },
  },
  {
    ...{ name: 'pg-boss', title: 'pg-boss', group: 'peer' },
    ...{ file: peer('pg-boss'), needs: ['postgres'] },
  },
  {
    ...{ name: 'graphile-worker', title: 'Graphile Worker, tuned', group: 'peer' },
    ...{ file: peer('graphile-worker'), needs: ['postgres'], variant: 'tuned' },
  },
  {
    ...{ name: 'graphile-worker-default', title: 'Graphile Worker, defaults', group: 'peer' },
    ...{ file: peer('graphile-worker'), needs: ['postgres'], variant: 'default' },
  },
  {
    ...{ name: 'dbos', title: 'DBOS', group: 'peer' },
    ...{ file: peer('dbos'), needs: ['postgres'] },
  },
  {
    ...{ name: 'restate', title: 'Restate', group: 'peer' },
    ...{ file: peer('restate'), needs: [] },
  },
];
