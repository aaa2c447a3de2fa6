import { type SandboxEntry, type SandboxLog } from '../../../src/providers/sandbox';

export interface MemorySandboxLog extends SandboxLog {
  readonly rows: ReadonlyMap<
    string,
    { readonly entry: SandboxEntry; readonly calls: number; readonly accepted: number }
  >;
}

/** A SandboxLog in memory, with the counting that the one on Postgres has. */
export function createMemorySandboxLog(): MemorySandboxLog {
  const rows = new Map<string, { entry: SandboxEntry; calls: number; accepted: number }>();
  const rowOf = (entry: SandboxEntry) => {
    const row = rows.get(entry.key) ?? { entry, calls: 0, accepted: 0 };
    rows.set(entry.key, row);
    return row;
  };
  return {
    rows,
    async record(entry, { deduplicate, counted }) {
      const row = rowOf(entry);
      const firstTime = row.accepted === 0;
      if (!counted) row.calls += 1;
      if (firstTime || !deduplicate) row.accepted += 1;
      return { firstTime };
    },
    async countCall(entry) {
      const row = rowOf(entry);
      row.calls += 1;
      return row.calls;
    },
  };
}
