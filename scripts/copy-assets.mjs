// What the compiler leaves behind: files beside the sources that the built code reads at run time, such as migrations.
import { cpSync, statSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

for (const room of ['api', 'activities', 'workflows', 'src']) {
  cpSync(join(root, room), join(root, 'dist', room), {
    recursive: true,
    filter: (path) => statSync(path).isDirectory() || !['.ts', '.md'].includes(extname(path)),
  });
}
