/**
 * Records the histories for which days have to pass, on the time-skipping server: `npm run replay:record:in-time`. Those of
 * the real stack are recorded by record.ts, and what it says of recording anew holds here. Names given record only those.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import globalSetup from '../support/global-setup';
import globalTeardown from '../support/global-teardown';
import { type Stage } from '../workflow/stage';
import { play, SCENARIOS, type Path } from './scenarios';

const OUT = join(__dirname, 'histories');

async function record(only: readonly string[]): Promise<void> {
  mkdirSync(OUT, { recursive: true });
  await globalSetup();
  try {
    for (const scenario of SCENARIOS) {
      await play(scenario, async (stage, paths) => {
        for (const path of paths) {
          if (only.length > 0 && !only.includes(path.name)) continue;
          const history = await historyOf(stage, path);
          writeFileSync(join(OUT, `${path.name}.json`), `${JSON.stringify(history)}\n`);
          console.log(`${path.name}: ${history.events.length} events`);
        }
      });
    }
  } finally {
    await globalTeardown();
  }
}

async function historyOf(stage: Stage, path: Path): Promise<{ events: unknown[] }> {
  const runId = path.run === 'first' ? await firstRunOf(stage, path.workflowId) : undefined;
  const history = await stage.client.workflow.getHandle(path.workflowId, runId).fetchHistory();
  // Who recorded it is nobody's business.
  const json = historyToJSON(history).replace(/"identity": "[^"]*"/g, '"identity": "recorded"');
  return JSON.parse(json) as { events: unknown[] };
}

async function firstRunOf(stage: Stage, workflowId: string): Promise<string | undefined> {
  const { events } = await stage.client.workflow.getHandle(workflowId).fetchHistory();
  return events?.[0]?.workflowExecutionStartedEventAttributes?.firstExecutionRunId ?? undefined;
}

void record(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
