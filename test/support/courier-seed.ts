import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type CourierSeed = 'create-job' | 'ingest-users' | 'ingest-response' | 'job' | 'users';

/** An example of Courier's seed, verbatim but for its comments and the comma that JSON has no room for. */
export function courierSeed(name: CourierSeed): ReturnType<typeof JSON.parse> {
  const text = readFileSync(join(__dirname, 'seeds', `courier-${name}.jsonc`), 'utf8');
  const bare = text.replace(/\/\/.*$/gm, '').replace(/,(\s*[}\]])/g, '$1');
  return JSON.parse(bare);
}
