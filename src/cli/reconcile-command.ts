import { type Command } from 'commander';
import { clearSuspension, readSuspension, type Suspension } from '../ledger/reconcile';
import { shownJobId } from './audit-table';
import { findJob } from './job-command';
import { OperatorError } from '../domain/operator-error';
import { withLedger } from './reach';
import { printPairs } from './screen';

export function addReconcileCommand(program: Command): void {
  program
    .command('reconcile')
    .argument('<jobId>', 'a job that is suspended as ledger_older')
    .description('let a job go on after an older ledger was restored')
    .option('--dry-run', 'only say what there is')
    .addHelpText(
      'after',
      '\nA workflow that has seen more than the ledger knows means that an old copy was restored: the job then stands still' +
        '\nuntil somebody has looked. Messages that the lost part of the ledger had sent are unsent in the copy and go out again.',
    )
    .action(runReconcile);
}

function runReconcile(given: string, { dryRun }: { dryRun?: boolean }): Promise<void> {
  return withLedger(async (db) => {
    const { id } = await findJob(db, given);
    const found = await readSuspension(db, id);
    if (!found) throw new OperatorError(`This ledger has no job ${given}.`);
    print(found);
    if (found.suspended === null) return console.log('\n  Not suspended: there is nothing to reconcile.');
    if (dryRun) return console.log('\n  Still suspended: run this again without --dry-run to let it go on.');
    const version = await db.transaction((tx) => clearSuspension(tx, id));
    console.log(
      version === undefined
        ? '\n  Somebody else has let it go on meanwhile.'
        : `\n  It goes on (version ${version}): the worker sees it within a second or two.`,
    );
  });
}

function print(found: Suspension): void {
  const states = Object.entries(found.states).map(([state, n]) => `${n} ${state}`);
  printPairs([
    ['job', `${shownJobId(found)} (${found.kind}, ${found.phase})`],
    ['suspended', found.suspended ?? 'no'],
    ['version', found.version],
    ['newest fact', found.lastChangeAt.toISOString()],
    ['states', states.join(', ') || 'no messages'],
    ['unsettled', `${found.unsettled}: any that went out after the newest fact will go out again`],
    ['open attempts', found.openAttempts],
  ]);
}
