/**
 * Calls at once in this process, over all page shards, fair by workspace: who has the fewest is served first, and nobody takes
 * more than its share while others wait.
 */
export interface Slots {
  /** Waits for one slot at least. @returns how many of `most` it got; each is to be given back. */
  take(workspaceId: string, most: number): Promise<number>;
  giveBack(workspaceId: string): void;
}

interface Waiting {
  readonly workspaceId: string;
  readonly most: number;
  readonly resolve: (granted: number) => void;
}

/** @param total slots in all, at least 1. */
export function createSlots(total: number): Slots {
  const inUse = new Map<string, number>();
  const waiting: Waiting[] = [];
  let free = total;

  const usedBy = (workspaceId: string): number => inUse.get(workspaceId) ?? 0;

  function grant({ workspaceId, most, resolve }: Waiting): void {
    const rivals = new Set([...inUse.keys(), ...waiting.map((one) => one.workspaceId), workspaceId]);
    const share = Math.ceil(total / rivals.size);
    const granted = Math.min(most, free, Math.max(1, share - usedBy(workspaceId)));
    free -= granted;
    inUse.set(workspaceId, usedBy(workspaceId) + granted);
    resolve(granted);
  }

  function serve(): void {
    while (free > 0 && waiting.length > 0) {
      const [next] = waiting.toSorted((a, b) => usedBy(a.workspaceId) - usedBy(b.workspaceId));
      if (!next) return;
      waiting.splice(waiting.indexOf(next), 1);
      grant(next);
    }
  }

  return {
    take(workspaceId, most) {
      return new Promise((resolve) => {
        waiting.push({ workspaceId, most, resolve });
        serve();
      });
    },
    giveBack(workspaceId) {
      const left = usedBy(workspaceId) - 1;
      if (left > 0) inUse.set(workspaceId, left);
      else inUse.delete(workspaceId);
      free += 1;
      serve();
    },
  };
}
