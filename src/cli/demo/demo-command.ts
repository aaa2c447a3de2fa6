import { type Command } from 'commander';
import { runDemo } from './run-demo';

export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description('a job and a batch on a stack of their own, into a local inbox')
    .addHelpText(
      'after',
      '\nUses free ports and a temporary directory that it removes, but for the logs where it fails; with VOLLEY_DATA_DIR,' +
        '\n<that directory>/demo, which stays.' +
        '\nOn a terminal everything stays up until Ctrl-C; elsewhere it stops by itself and exits with 0 if nothing was lost.',
    )
    .action(runDemo);
}
