import { DEFAULT_RETRY_POLICY } from '../domain/retry';
import { createLocalClient } from '../runtime/local-client';
import { apiChecks } from './api-checks';
import { attemptChecks } from './attempt-checks';
import { findAuditedJob } from './audited-job';
import { runLedgerCheck } from './ledger-check';
import { SANDBOX_CHECKS, sinkChecks, type SinkCounts } from './receiver-checks';
import { type AuditCheck, type AuditReport } from './report';
import { openLedgerReader } from './snapshot';
import { STATE_CHECKS } from './state-checks';

export interface AuditInput {
  readonly databaseUrl: string;
  /** Courier's form or the UUID. */
  readonly jobId: string;
  /** Absent: the API is not asked. The key has to be one of the job's workspace. */
  readonly api?: { readonly url: string; readonly key: string };
  /** What a receiver counted, by idempotency key; it must have got all that did not go to a sandbox. */
  readonly sink?: SinkCounts;
  /** Calls that a message may have had at most; what the worker was told in VOLLEY_RETRY_MAX_ATTEMPTS. */
  readonly maxAttempts?: number;
}

/**
 * Compares the ledger with itself, with what the API answers and with what the receivers counted, by statements of its own:
 * nothing here is shared with the code that wrote it. Reads only. May be run at any time; a job at rest has to agree exactly.
 * @throws UnreachableError, NoSuchJobError: one sentence each.
 */
export async function auditJob(input: AuditInput): Promise<AuditReport> {
  const reader = await openLedgerReader(input.databaseUrl);
  try {
    const job = await findAuditedJob(reader, input.jobId);
    const { maxAttempts = DEFAULT_RETRY_POLICY.maxAttempts } = input;
    const checks: AuditCheck[] = [];
    for (const check of [...STATE_CHECKS, ...attemptChecks({ maxAttempts }), ...SANDBOX_CHECKS]) {
      checks.push(await runLedgerCheck(reader, job.id, check));
    }
    if (input.sink) checks.push(...(await sinkChecks(reader, job.id, input.sink)));
    if (input.api) checks.push(...(await apiChecks(reader, createLocalClient(input.api), job)));
    return {
      jobId: job.id,
      workspaceId: job.workspaceId,
      kind: job.kind,
      phase: job.phase,
      messages: job.messages,
      states: job.states,
      checks,
      ok: checks.every((check) => check.ok),
    };
  } finally {
    await reader.close();
  }
}
