import pino from 'pino';
import { readUsersForSignal } from '../../../api/courier/signals';
import { createApplyCommand } from '../../../activities/apply-command';
import { type Dependencies } from '../../../activities/dependencies';
import { type Command } from '../../../workflows/contract';

const JOB = '01920000-aaaa-7bbb-8ccc-0123456789ab';

test('what the ledger cannot keep is taken out of a signalled user, who is kept', () => {
  const [user] = readUsersForSignal(JOB, [
    { recipient: 'jane', to: { email: 'jane@example.com' }, data: { name: 'Ja\0ne \ud83d' } },
  ]);
  expect(JSON.stringify(user)).toContain('Jane \ufffd');
  expect(JSON.stringify(user)).not.toMatch(/\\u0000|\\ud83d/);
});

describe('a command that came by signal', () => {
  const applying = (error?: Error, command: Command = { type: 'run' }) => {
    const lines: string[] = [];
    const apply = createApplyCommand({
      db: { transaction: async () => (error ? Promise.reject(error) : undefined) },
      log: pino({}, { write: (line: string) => lines.push(line) }),
    } as unknown as Dependencies);
    const applied = apply({ v: 1, jobId: JOB, workspaceId: JOB, command, commandId: JOB });
    return { applied, lines };
  };

  test.each(['22P05', '22021', '54000'])('is dropped when Postgres will never take it (%s)', async (code) => {
    const { applied, lines } = applying(Object.assign(new Error('no'), { code }));
    await expect(applied).resolves.toBeUndefined();
    expect(lines.join()).toContain('command.refused');
  });

  test('tells of users that its workflow could not hand on', async () => {
    const { applied, lines } = applying(undefined, { type: 'ingestUsers', users: [], dropped: 2 });
    await applied;
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { event: 'command.refused', jobId: JOB, command: 'ingestUsers', code: 'nested_too_deeply', users: 2 },
    ]);
  });

  test.each(['08006', '57P01', undefined])('is tried again when the ledger is away (%s)', async (code) => {
    await expect(applying(Object.assign(new Error('away'), { code })).applied).rejects.toThrow('away');
  });
});
