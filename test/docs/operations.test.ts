import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findKey } from '../../src/ledger/keys';
import { getWorkspace } from '../../src/ledger/workspaces';
import { ADMIN_KEY } from '../api/framework/setup';
import { createV1Stand } from '../api/v1/setup';

const page = readFileSync(join(__dirname, '../../docs/operations.md'), 'utf8');

test('the example of docs/operations.md makes a workspace and its first key with what .env has', async () => {
  const example = /```bash\n(VOLLEY=[^]*?)```/.exec(page)?.[1] ?? '';
  const stand = await createV1Stand();
  const folder = mkdtempSync(join(tmpdir(), 'volley-operations-'));
  writeFileSync(join(folder, '.env'), `# Secrets\nVOLLEY_ADMIN_KEY=${ADMIN_KEY}\n`);
  const script = example.replace('http://127.0.0.1:3400', stand.url);
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], { cwd: folder });
  const { key } = JSON.parse(stdout) as { key: string };
  const { workspaceId = '' } = (await findKey(stand.database.db, key)) ?? {};
  expect(await getWorkspace(stand.database.db, workspaceId)).toMatchObject({ name: 'Acme' });
  await stand.close();
  rmSync(folder, { recursive: true });
});
