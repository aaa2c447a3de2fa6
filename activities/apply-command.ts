import { VolleyError } from '../src/domain/errors';
import { type LedgerActivities } from '../workflows/contract';
import { type Dependencies } from './dependencies';

/**
 * What Postgres will not take however often it is asked: class 22 (a NUL in a text), 54000 (a key too large for its index). Asked
 * again for ever, such a command would keep all that came after it from the job.
 */
function codeOfUnkeepable(error: unknown): string | undefined {
  const code = String((error as { code?: unknown }).code);
  return code.startsWith('22') || code === '54000' ? code : undefined;
}

/**
 * A command that came by signal, applied as its HTTP twin would be: one idempotent transition. What the ledger refuses (run
 * twice, users after run) is logged and dropped: a signal has nobody to answer to. Users without an ingestionId are
 * ingested under the command's own id, so that a repeated activity adds nobody twice.
 */
export function createApplyCommand(deps: Dependencies): LedgerActivities['applyCommand'] {
  const { db, service, dialect, log } = deps;
  return async ({ jobId, workspaceId, command, commandId }) => {
    const ref = { workspaceId, jobId };
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
      const code = error instanceof VolleyError ? error.code : codeOfUnkeepable(error);
      if (code === undefined) throw error;
      log.warn({ event: 'command.refused', jobId, command: command.type, code }, 'command refused');
    }
  };
}
