import { readConfig } from '../runtime/config';
import { openDataDirectory } from '../runtime/embedded/data-directory';
import { readStackConfig } from '../runtime/embedded/stack-config';
import { startStack, type Stack } from '../runtime/embedded/stack';
import { embeddedEnvironment, ownCommand } from './environment';
import { runMigrate } from './processes';
import { noteRunningStack } from './running-stack';
import { paint, printPairs } from './screen';
import { SEEDED_API_KEY, SEEDED_WORKSPACE_ID } from '../service/seed-workspace';

/** Until Postgres is up. */
const UNKNOWN_YET = 'postgres://localhost';

/**
 * Brings the whole stack up on this machine, as `npm start` and the demo do, and leaves word of it for other commands.
 * @throws StartupError or OperatorError, one sentence that says what to do; nothing is left running then.
 */
export async function startEmbedded(env: NodeJS.ProcessEnv, report: (line: string) => void): Promise<Stack> {
  const config = readStackConfig(env);
  // Before the secrets, which are made in it: a directory of a newer version stays as it is.
  openDataDirectory(config.dataDir);
  const baseEnv = embeddedEnvironment(env, config);
  // What its processes would stumble over is said before anything is started.
  readConfig({ ...baseEnv, DATABASE_URL: config.databaseUrl ?? UNKNOWN_YET });
  const stack = await startStack({
    ...config,
    commandFor: (name) => {
      const { command, args } = ownCommand(name);
      return { command, args };
    },
    startProcesses: true,
    baseEnv,
    migrate: async (stackEnv) => {
      await runMigrate(stackEnv);
    },
    report,
  });
  noteRunningStack(config.dataDir, stack);
  return stack;
}

/** `volley start`: up until Ctrl-C; says where each part is and what to try first. */
export async function runStart(): Promise<void> {
  const started = Date.now();
  console.log('Starting Postgres, Temporal, the worker and the API on this machine …');
  const stack = await startEmbedded(process.env, (line) => console.log(line));
  const seconds = ((Date.now() - started) / 1_000).toFixed(1);
  const { api, temporalUi } = stack.urls;
  const rows: [string, string][] = [
    ['API', api],
    ['Reference', `${api}/openapi.json`],
    ...(temporalUi ? ([['Temporal UI', temporalUi]] as [string, string][]) : []),
    ['Key', `${SEEDED_API_KEY} (this machine only)`],
    ['Workspace', SEEDED_WORKSPACE_ID],
    ['Data', readStackConfig(process.env).dataDir],
    ['Egress', 'public addresses over https, and this machine (VOLLEY_EGRESS_ALLOW)'],
  ];
  console.log(`\n${paint('bold', 'Volley is up')} (${seconds} s). Ctrl-C drains and stops everything.\n`);
  printPairs(rows);
  console.log(`\nTry:\n
  curl -s ${api}/bulk -H 'Authorization: Bearer ${SEEDED_API_KEY}' -H 'Content-Type: application/json' \\
    -d '{"message": {"message": {"content": {"title": "Hello", "body": "Hello {{recipientName}}, welcome!"}}}}'\n`);
}
