import { toCourierId } from '../domain/ids';
import { type AuditReport } from '../audit/report';
import { columns, paint } from './screen';

/** The report as a short table: one line a check, and the ids of the first few that are wrong. */
export function printAudit(report: AuditReport): void {
  console.log(`\n${paint('bold', `Audit of ${shownJobId(report)}`)} (${report.kind}, ${report.phase})\n`);
  const lines = columns(
    report.checks.map(({ ok, area, name, detail }) => [ok ? 'ok' : 'FAILED', area, detail, name]),
  );
  report.checks.forEach(({ ok, wrong, examples }, index) => {
    const line = lines[index] ?? '';
    console.log(`  ${ok ? line.replace(/^ok/, paint('green', 'ok')) : paint('red', line)}`);
    if (!ok)
      console.log(`          ${wrong} wrong: ${examples.join(', ')}${wrong > examples.length ? ', …' : ''}`);
  });
  const states = Object.entries(report.states).map(([state, n]) => `${n} ${state}`);
  console.log(`\n  ${report.messages} messages: ${states.join(', ') || 'none'}`);
  console.log(`  ${auditVerdict(report)}`);
}

/** The id in the form that its caller was given. */
export function shownJobId({ kind, jobId }: Pick<AuditReport, 'kind' | 'jobId'>): string {
  return kind === 'batch' ? jobId : toCourierId(jobId);
}

/** One line: how many checks, and whether all hold. */
export function auditVerdict({ checks }: AuditReport): string {
  const failed = checks.filter(({ ok }) => !ok).length;
  const asked = new Set(checks.map(({ area }) => area));
  const unasked = asked.has('api') ? '' : ' (no API was asked: see --api and --key)';
  return failed === 0
    ? `${paint('green', 'ok')}: ${checks.length} checks hold${unasked}`
    : `${paint('red', 'FAILED')}: ${failed} of ${checks.length} checks${unasked}`;
}
