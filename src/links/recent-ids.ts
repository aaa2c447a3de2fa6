/** What a worker has written lately, so that the second message of a job writes nothing. */
export interface RecentIds {
  has(id: string): boolean;
  add(id: string): void;
}

/** Some 10 MB at most; a job has a few hundred URLs, and personal ones are seldom asked for twice anyway. */
const MAX_IDS = 50_000;
/** A row that somebody deleted is written again after so long. */
const REMEMBER_MS = 10 * 60_000;

export function createRecentIds({ max = MAX_IDS, now = Date.now } = {}): RecentIds {
  const untilMs = new Map<string, number>();
  return {
    has: (id) => (untilMs.get(id) ?? 0) > now(),
    add(id) {
      // Taken out first: a map lists its keys by insertion, and the oldest one makes room.
      untilMs.delete(id);
      untilMs.set(id, now() + REMEMBER_MS);
      const [oldest] = untilMs.keys();
      if (untilMs.size > max && oldest !== undefined) untilMs.delete(oldest);
    },
  };
}
