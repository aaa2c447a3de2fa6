import { type Database, type Db } from '../../../src/ledger/database';

export interface PlanSummary {
  /** Indexes that were read, each once. */
  readonly indexes: readonly string[];
  /** Tables that were read whole. The few jobs of a workspace may be. */
  readonly tables: readonly string[];
  /** Most rows that one step looked at, also those that it threw away. */
  readonly rows: number;
  /** 8 kB pages, from memory and from disk. */
  readonly buffers: number;
  readonly ms: number;
}

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Shared Hit Blocks'?: number;
  readonly 'Shared Read Blocks'?: number;
  readonly Plans?: readonly Plan[];
}

/** A database that remembers what it was asked. */
export function recording(
  db: Database,
): Db & { readonly asked: { text: string; values: readonly unknown[] }[] } {
  const asked: { text: string; values: readonly unknown[] }[] = [];
  return {
    asked,
    query(text, values = []) {
      asked.push({ text, values });
      return db.query(text, values);
    },
  };
}

/** Runs the statement and says how Postgres went about it. */
export async function explain(
  db: Db,
  { text, values }: { text: string; values: readonly unknown[] },
): Promise<PlanSummary> {
  const [row] = await db.query<{ 'QUERY PLAN': [{ Plan: Plan; 'Execution Time': number }] }>(
    `explain (analyze, buffers, format json) ${text}`,
    values,
  );
  const told = row?.['QUERY PLAN'][0];
  const nodes = nodesOf(told?.Plan);
  const names = (of: readonly (string | undefined)[]): string[] =>
    [...new Set(of)].filter((name) => name !== undefined).toSorted();
  return {
    indexes: names(nodes.map((node) => node['Index Name'])),
    tables: names(nodes.filter(isWhole).map((node) => node['Relation Name'])),
    rows: Math.max(
      ...nodes.map((n) => (n['Actual Rows'] + (n['Rows Removed by Filter'] ?? 0)) * n['Actual Loops']),
    ),
    buffers: (told?.Plan['Shared Hit Blocks'] ?? 0) + (told?.Plan['Shared Read Blocks'] ?? 0),
    ms: told?.['Execution Time'] ?? NaN,
  };
}

function isWhole(node: Plan): boolean {
  return node['Node Type'] === 'Seq Scan' && node['Relation Name'] !== 'jobs';
}

function nodesOf(plan: Plan | undefined): Plan[] {
  return plan ? [plan, ...(plan.Plans ?? []).flatMap(nodesOf)] : [];
}
