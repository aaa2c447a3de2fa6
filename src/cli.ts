import { Command } from 'commander';
import { StartupError } from './runtime/embedded/startup-error';
import { runApi, runMigrate, runWorker } from './cli/processes';
import { runStart } from './cli/start';

const program = new Command('volley').description(
  'Self-hosted delivery: every recipient, once, accounted for.',
);

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

program.parseAsync().catch((error: Error) => {
  // A failure to start is a sentence for a person; anything else is a bug and shows its stack.
  console.error(error instanceof StartupError ? error.message : error);
  process.exitCode = 1;
});
