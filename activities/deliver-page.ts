import { setMaxListeners } from 'node:events';
import { cancellationSignal } from '@temporalio/activity';
import { type PageActivities, type PageResult } from '../workflows/contract';
import { beginPage, endPage, type PageShard } from '../src/ledger/page-shards';
import { type Dependencies } from './dependencies';
import { createAttempts } from './delivery/attempt';
import { createCaller } from './delivery/call';
import { createPreparers } from './delivery/preparers';
import { whileBeating } from './heartbeat';
import { createGroupBeginner } from './page/begin-group';
import { createOutcomeWriter } from './page/outcome-writer';
import { runPage, type PageTools } from './page/run-page';
import { createSlots } from './page/slots';

const NOTHING: PageResult = { settled: 0, parked: 0, left: 0, errors: [] };

/**
 * Delivers a page shard (docs/decisions/0030-page-lane.md). Run again after a crash it takes the shard over under a new claim
 * number, which fences the one before: that may finish its calls and write down what became of them, and begins nothing more.
 */
export function createDeliverPage(given: Dependencies): PageActivities['deliverPage'] {
  const deps = { ...given, rules: { ...given.rules, parkAfterMs: given.rules.pageParkAfterMs } };
  const by = createPreparers(deps);
  const finish = createOutcomeWriter(deps.db, deps.rules);
  const tools: PageTools = {
    group: createGroupBeginner(deps, by),
    call: createCaller(deps, finish),
    attempts: createAttempts(deps, by, finish),
    slots: createSlots(deps.rules.callsAtOnce),
  };

  return ({ jobId, generation, n }) =>
    whileBeating(async () => {
      const shard: PageShard = { jobId, generation, n };
      const claim = await beginPage(deps.db, shard);
      if (claim === undefined) return NOTHING;
      const canceled = cancellationSignal();
      // Neither a lost shard nor a stop interrupts an attempt: its provider's own time-out does that.
      const { signal } = new AbortController();
      setMaxListeners(0, signal);
      const run = {
        owner: `page/${jobId}/${generation}.${n}`,
        signal,
        page: { ...shard, claim },
      };
      const stopped = (): boolean => canceled.aborted || deps.stopping?.aborted === true;
      const result = await runPage(deps, tools, run.page, run, stopped);
      await deps.db.transaction((tx) => endPage(tx, run.page));
      return result;
    });
}
