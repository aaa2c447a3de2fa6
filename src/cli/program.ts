import { Command } from 'commander';
import { version } from '../../package.json';
import { addAuditCommand } from './audit-command';
import { addDemoCommand } from './demo/demo-command';
import { addJobCommands } from './job-command';
import { addKeysCommand } from './keys-command';
import { addMessageCommand } from './message-command';
import { runApi, runMigrate, runWorker } from './processes';
import { addReconcileCommand } from './reconcile-command';
import { runStart } from './start';

/** Every command of `volley`. Each acts when it is parsed, and throws what `isForOperators` can tell from a bug. */
export function createProgram(): Command {
  const program = new Command('volley')
    .description('Self-hosted delivery: every recipient, once, accounted for.')
    .version(version)
    .showHelpAfterError('(volley --help says what there is)')
    .addHelpText(
      'after',
      '\nWhere Volley runs and what it reaches comes from the environment: see .env.example.',
    );
  addServerCommands(program);
  addDemoCommand(program);
  addJobCommands(program);
  addMessageCommand(program);
  addAuditCommand(program);
  addKeysCommand(program);
  addReconcileCommand(program);
  return program;
}

function addServerCommands(program: Command): void {
  program.command('start').description('everything on this machine, until Ctrl-C').action(runStart);
  program.command('api').description('the HTTP side').action(runApi);
  program.command('worker').description('workflows, activities, relay and sweep').action(runWorker);
  program
    .command('migrate')
    .description('bring the schema and the search attributes up to date')
    .action(async () => {
      const applied = await runMigrate();
      console.log(applied.length > 0 ? `Applied ${applied.join(', ')}.` : 'Nothing to do.');
    });
}
