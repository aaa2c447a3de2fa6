import { readFileSync } from 'node:fs';
import { type Command } from 'commander';
import { z } from 'zod';
import { auditJob } from '../audit/audit-job';
import { type SinkCounts } from '../audit/receiver-checks';
import { createLocalClient } from '../runtime/local-client';
import { printAudit } from './audit-table';
import { OperatorError } from '../domain/operator-error';
import { apiOfLedger, ledgerUrl } from './reach';

interface Options {
  /** False for --no-api. */
  readonly api?: string | false;
  readonly key?: string;
  readonly sink?: string;
  readonly json?: boolean;
}

export function addAuditCommand(program: Command): void {
  program
    .command('audit')
    .argument('<jobId>', 'a bulk job or batch, in either form of its id')
    .description('hold the ledger, the API and the receivers against each other')
    .option(
      '--api <url>',
      'ask this API (else VOLLEY_API_URL, or the running stack where the ledger is its own)',
    )
    .option('--no-api', 'do not ask any API')
    .option('--key <key>', "a key of the job's workspace (else VOLLEY_API_KEY)")
    .option('--sink <file|url>', 'what a receiver counted: JSON, idempotency key to number of acceptances')
    .option('--json', 'the report as JSON')
    .addHelpText(
      'after',
      '\nReads only. Exits with 1 when any check fails. VOLLEY_RETRY_MAX_ATTEMPTS is to be what the workers have (else 12).',
    )
    .action(runAudit);
}

async function runAudit(jobId: string, options: Options): Promise<void> {
  const api = options.api === false ? undefined : apiOfLedger({ url: options.api, key: options.key });
  const maxAttempts = Number(process.env['VOLLEY_RETRY_MAX_ATTEMPTS']);
  const report = await auditJob({
    databaseUrl: ledgerUrl(),
    jobId,
    ...(api === undefined ? {} : { api }),
    ...(options.sink === undefined ? {} : { sink: await readSink(options.sink) }),
    ...(maxAttempts > 0 ? { maxAttempts } : {}),
  });
  if (options.json) console.log(JSON.stringify(report, undefined, 2));
  else printAudit(report);
  if (!report.ok) process.exitCode = 1;
}

const sinkSchema = z.record(z.string(), z.int().nonnegative());

/** Counts from a file, or from a receiver that gives them at a URL. @throws OperatorError for anything else. */
async function readSink(source: string): Promise<SinkCounts> {
  const content = /^https?:\/\//.test(source) ? await fetchSink(source) : readSinkFile(source);
  const counts = sinkSchema.safeParse(content);
  if (counts.success) return counts.data;
  throw new OperatorError(`${source} holds no counts: it has to be JSON such as {"<idempotency key>": 1}.`);
}

async function fetchSink(source: string): Promise<unknown> {
  const { origin, pathname, search } = new URL(source);
  return (await createLocalClient({ url: origin }).call('GET', pathname + search)).body;
}

function readSinkFile(source: string): unknown {
  try {
    return JSON.parse(readFileSync(source, 'utf8')) as unknown;
  } catch (cause) {
    throw new OperatorError(`${source} cannot be read as JSON: give the file that the receiver wrote.`, {
      cause,
    });
  }
}
