import pino from 'pino';
import { createChannelOpener } from '../../../activities/delivery/open-channel';
import { sealCredentials } from '../../../src/ledger/channels';
import { type Db } from '../../../src/ledger/database';
import { type ProviderRegistry } from '../../../src/providers/registry';
import { createSecretBox } from '../../../src/runtime/secret-box';

const REF = { workspaceId: 'w', channelId: 'c' };
const box = (id: string) => createSecretBox([{ id, key: Buffer.alloc(32, id) }]);
const fits = { safeParse: (data: unknown) => ({ success: true, data }) };

test('a channel whose key is gone is told in the log, by its id and its key alone, and not at every message', async () => {
  const lines: string[] = [];
  const row = { id: REF.channelId, kind: 'email', provider: 'smtp', name: 'Mail', enabled: true };
  const settings = { host: 'mail.example.com', user: 'jane@example.com' };
  const credentials = sealCredentials(box('gone'), REF, { password: 'secret' });
  const open = createChannelOpener({
    db: { query: async () => [{ ...row, settings, credentials }] } as unknown as Db,
    providers: { get: () => ({ settings: fits, credentials: fits }) } as unknown as ProviderRegistry,
    secretBox: box('here'),
    log: pino({}, { write: (line: string) => lines.push(line) }),
  });
  expect(await Promise.all([open(REF), open(REF)])).toEqual(['sealed', 'sealed']);
  expect(lines).toHaveLength(1);
  const told = { event: 'channel.sealed', ...REF, reason: expect.stringContaining('"gone"') as string };
  expect(JSON.parse(lines[0] ?? '')).toMatchObject(told);
  expect(lines[0]).not.toMatch(/example|secret"|Mail/);
});
