import { VolleyError } from '../src/domain/errors';
import { isUnkeepable, sqlStateOf } from '../src/ledger/sql-state';
import { type LedgerActivities } from '../workflows/contract';
import { type Dependencies } from './dependencies';

/**
 * A command that came by signal, applied as its HTTP twin would be: one idempotent transition. What the ledger refuses (run
 * twice, users after run) is logged and dropped: a signal has nobody to answer to; so are users that its workflow could not
 * hand on. Users without an ingestionId are ingested under the command's own id, so that a repeated activity adds nobody twice.
 */
export function createApplyCommand(deps: Dependencies): LedgerActivities['applyCommand'] {
  const { db, service, dialect, log } = deps;
  return async ({ jobId, workspaceId, command, commandId }) => {
    const ref = { workspaceId, jobId };
    const refuse = (code: string, more = {}): void =>
      log.warn({ event: 'command.refused', jobId, command: command.type, code, ...more }, 'command refused');
    if ('dropped' in command) refuse('nested_too_deeply', { users: command.dropped });
    try {
      await db.transaction(async (tx) => {
        switch (command.type) {
          case 'run':
            return service.runJob(tx, ref);
          case 'pause':
            return service.pauseJob(tx, ref);
          case 'resume':
            return service.resumeJob(tx, ref);
          case 'cancel':
            return service.cancelJob(tx, ref);
          case 'ingestUsers':
            await service.ingest(tx, {
              ...ref,
              ingestionId: command.ingestionId ?? commandId,
              recipients: dialect.readUsers(jobId, command.users),
            });
        }
      });
    } catch (error) {
      const refused = error instanceof VolleyError;
      // Asked again for ever, what no row holds would keep all that came after it from the job.
      if (!refused && !isUnkeepable(error)) throw error;
      refuse(refused ? error.code : sqlStateOf(error));
    }
  };
}
