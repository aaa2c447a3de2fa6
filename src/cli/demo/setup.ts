import { fieldOf } from '../../runtime/local-client';
import { SEEDED_WORKSPACE_ID } from '../../service/seed-workspace';
import { textField, type DemoClient } from './client';
import { BRAND, FROM, WELCOME } from './welcome';

const WORKSPACE = `/v1/workspaces/${SEEDED_WORKSPACE_ID}`;
const CHANNEL_NAME = 'Demo inbox';
export const TEMPLATE = 'demo-spring-roast';
export const BRAND_SLUG = 'demo-kestrel';

/** Template, brand and an SMTP channel to the inbox. A demo that ran here before left a channel to an inbox that is gone. */
export async function setUpChannel(client: DemoClient, inboxPort: number): Promise<string> {
  const known = fieldOf(await client.call('GET', `${WORKSPACE}/channels`), 'channels');
  for (const channel of Array.isArray(known) ? (known as unknown[]) : []) {
    if (fieldOf(channel, 'name') !== CHANNEL_NAME) continue;
    await client.call('DELETE', `${WORKSPACE}/channels/${textField(channel, 'id')}`);
  }
  await client.call('PUT', `${WORKSPACE}/templates/${TEMPLATE}`, { content: WELCOME, publish: true });
  await client.call('PUT', `${WORKSPACE}/brands/${BRAND_SLUG}`, { content: BRAND });
  const channel = await client.call('POST', `${WORKSPACE}/channels`, {
    kind: 'email',
    provider: 'smtp',
    name: CHANNEL_NAME,
    settings: {
      host: '127.0.0.1',
      port: inboxPort,
      identities: [FROM.address],
      defaultFromName: FROM.name,
      poolSize: 10,
    },
  });
  return textField(channel, 'id');
}
