import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BOOTSTRAP = join(__dirname, '../../../scripts/bootstrap.mjs');

test.each(['18.20.4', '20.18.1'])('Node %s is told in one sentence that it is too old', (version) => {
  const folder = mkdtempSync(join(tmpdir(), 'volley-node-'));
  try {
    const pretend = join(folder, 'pretend.cjs');
    writeFileSync(pretend, `Object.defineProperty(process.versions, 'node', { value: '${version}' })`);
    const result = spawnSync(process.execPath, ['-r', pretend, BOOTSTRAP, 'start'], { encoding: 'utf8' });
    expect(result.status).toBe(1);
    expect(result.stderr).toBe(
      `Volley needs Node 20.19 or later and this is ${version}: install a current one from https://nodejs.org.\n`,
    );
    expect(result.stdout).toBe('');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
