import { createTransport } from 'nodemailer';
import { startDemoInbox } from '../../../src/runtime/demo-inbox';

test("the demo's inbox counts every mail and keeps the last few, as they came", async () => {
  const inbox = await startDemoInbox({ keep: 2 });
  const transport = createTransport({ host: '127.0.0.1', port: inbox.port, pool: true });
  for (const subject of ['one', 'two', 'three']) {
    const { response } = await transport.sendMail({ from: 'a@b.co', to: 'c@d.co', subject, text: 'Hi' });
    expect(response).toMatch(/queued as demo-\d/);
  }
  expect(inbox.count()).toBe(3);
  expect(inbox.last().map(({ raw }) => /^Subject: (.*?)\r?$/m.exec(raw)?.[1])).toEqual(['two', 'three']);
  expect(inbox.last()[0]).toMatchObject({ from: 'a@b.co', to: ['c@d.co'] });
  transport.close();
  await inbox.close();
});

test('a port that is taken is an error, not a silent second inbox', async () => {
  const inbox = await startDemoInbox();
  await expect(startDemoInbox({ port: inbox.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await inbox.close();
});
