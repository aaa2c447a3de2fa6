import { VolleyError } from '../../src/domain/errors';
import { createBudget, type Budget } from '../../src/runtime/budget';

/** Where the calls of a lane wait for one lock, a second one is ready when the first commits; more would only hold connections. */
const WIDTH = 2;
/** As long as a call would wait for the lock itself. */
const TURN_MS = 10_000;
const RETRY_AFTER_SECONDS = 2;

interface Lane {
  readonly places: Budget;
  calls: number;
}

/** Queues of calls in this process, by name. Who waits in one holds nothing of the database. */
export interface Lanes {
  /** Throws VolleyError unavailable where it is not the call's turn in time, and what `work` throws. */
  run<T>(name: string, work: () => Promise<T>): Promise<T>;
}

export function createLanes({ width = WIDTH, turnMs = TURN_MS } = {}): Lanes {
  const lanes = new Map<string, Lane>();
  return {
    async run(name, work) {
      const lane = lanes.get(name) ?? { places: createBudget(width), calls: 0 };
      lanes.set(name, lane);
      lane.calls += 1;
      try {
        return await inTurn(lane.places, turnMs, work);
      } finally {
        lane.calls -= 1;
        if (lane.calls === 0) lanes.delete(name);
      }
    },
  };
}

async function inTurn<T>(places: Budget, turnMs: number, work: () => Promise<T>): Promise<T> {
  const place = await places.take(1, turnMs);
  if (!place) {
    throw new VolleyError('unavailable', 'Too many calls of this sort are under way: repeat the call.', {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  }
  try {
    return await work();
  } finally {
    place.shrinkTo(0);
  }
}
