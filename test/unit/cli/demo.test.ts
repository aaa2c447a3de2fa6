import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { leavePlace, makeDemoPlace } from '../../../src/cli/demo/demo-place';
import { type BulkResult } from '../../../src/cli/demo/bulk-part';
import { countsOf, showResult } from '../../../src/cli/demo/inbox-report';
import { inParts, readPeople, toUser } from '../../../src/cli/demo/people';
import { recentRate } from '../../../src/cli/demo/progress';
import { readMail } from '../../../src/cli/demo/read-mail';
import { WELCOME } from '../../../src/cli/demo/welcome';
import { templateContentSchema } from '../../../src/templates/parse-template';

test('people.csv: 300 invented people, two without an address, one of them again in a later part', () => {
  const people = readPeople();
  const parts = inParts(people).map((part) => part.people.map(({ user_id }) => user_id));
  expect(parts.flat()).toEqual(people.map(({ user_id }) => user_id));
  expect(parts).toHaveLength(3);
  expect(new Set(parts.flat()).size).toBe(300);
  const [repeated] = parts[2]?.filter((id) => parts[0]?.includes(id)) ?? [];
  expect(people).toHaveLength(301);
  expect(repeated).toBeDefined();
  expect(people.filter(({ email }) => email === '')).toHaveLength(2);
  expect(people.every(({ email }) => email === '' || /^[a-z.-]+@example\.test$/.test(email))).toBe(true);
  expect(new Set(people.map(({ locale }) => locale)).size).toBeGreaterThan(8);
  expect(people.filter(({ email }) => email === '').map(toUser)).not.toContainEqual(
    expect.objectContaining({ profile: expect.objectContaining({ email: '' }) }),
  );
});

test('the template of the demo is one that the API takes', () => {
  expect(templateContentSchema.safeParse(WELCOME).error?.issues ?? []).toEqual([]);
});

test.each(['base64', 'quoted-printable'] as const)(
  'a mail in %s is read as it was written',
  async (textEncoding) => {
    const composed = await createTransport({ streamTransport: true, buffer: true }).sendMail({
      from: { name: 'Größe & Söhne', address: 'hello@example.test' },
      to: 'bärbel@example.test',
      subject:
        'Ein sehr langer Betreff mit Umlauten, größer als eine Zeile: äöüß und 日本語, damit er gefaltet wird',
      messageId: '<0190-0@volley>',
      text: `Hallo Bärbel,\n\n${'ein langer Satz = mit Gleichheitszeichen und 日本語 '.repeat(5)}\nEnde`,
      html: '<p>not this</p>',
      textEncoding,
    });
    const raw = (composed.message as Buffer).toString('utf8');
    const mail = readMail(raw);
    expect(mail.headers.get('from')).toBe('Größe & Söhne <hello@example.test>');
    expect(mail.headers.get('subject')).toContain(
      'größer als eine Zeile: äöüß und 日本語, damit er gefaltet wird',
    );
    expect(mail.text).toMatch(
      /^Hallo Bärbel,\n\nein langer Satz = mit Gleichheitszeichen und 日本語 ein .*\nEnde$/s,
    );
    expect(countsOf([raw, raw].map((one) => ({ from: '', to: [], raw: one })))).toEqual({ '0190-0': 2 });
  },
);

test('the demo fails in one sentence when anybody was lost, or had two', () => {
  jest.spyOn(console, 'log').mockImplementation(() => undefined);
  const people = ['ada', 'bo'].map((id) => ({
    ...{ user_id: id, name: id, email: `${id}@example.test`, locale: 'en', plan: 'free' },
  }));
  const show = (result: Partial<BulkResult>, to: string[]) => {
    const whole = {
      jobId: '',
      counts: { sent: 2 },
      received: 2,
      enqueued: 2,
      failures: 0,
      seconds: 1,
      people,
    };
    const last = () => to.map((address) => ({ from: '', to: [address], raw: '' }));
    showResult(
      { ...whole, ...result },
      { port: 0, count: () => to.length, last, close: async () => undefined },
    );
  };
  const lost = /^The demo lost or doubled something: .*\.$/;
  expect(() => show({}, ['ada', 'bo'])).not.toThrow();
  expect(() => show({}, ['ada'])).toThrow(lost);
  expect(() => show({}, ['ada', 'bo', 'bo'])).toThrow(lost);
  expect(() => show({}, ['ada', 'ada'])).toThrow(lost);
  expect(() => show({ counts: { sent: 1, failed: 1 } }, ['ada'])).toThrow(lost);
  expect(() => show({ received: 1, enqueued: 1 }, ['ada', 'bo'])).toThrow(lost);
  expect(() => show({ enqueued: 1 }, ['ada', 'bo'])).toThrow(lost);
  jest.restoreAllMocks();
});

test('the rate is that of the last seconds, not of the slow start', () => {
  const rate = recentRate();
  expect(rate(0, 0)).toBe(0);
  expect(rate(1, 1_000)).toBe(1);
  for (let second = 2; second <= 10; second += 1) rate((second - 1) * 50, second * 1_000);
  expect(rate(500, 11_000)).toBe(50);
});

test('the demo keeps to free ports, a directory of its own, and off every server of the user', () => {
  const folder = mkdtempSync(join(tmpdir(), 'volley-place-'));
  const place = makeDemoPlace({
    VOLLEY_DATA_DIR: folder,
    DATABASE_URL: 'postgres://mine/live',
    ...{ TEMPORAL_ADDRESS: 'cloud:7233', TEMPORAL_NAMESPACE: 'live', TEMPORAL_API_KEY: 'key' },
    ...{ TEMPORAL_TLS: '1', TEMPORAL_TLS_CA: '/ca.pem', TEMPORAL_CLI_PATH: '/bin/temporal' },
    PORT: '4000',
  });
  rmSync(folder, { recursive: true });
  expect(place).toMatchObject({ dataDir: join(folder, 'demo'), temporary: false });
  expect(place.env).toMatchObject({
    PORT: '4000',
    VOLLEY_POSTGRES_PORT: '0',
    VOLLEY_DATA_DIR: join(folder, 'demo'),
  });
  const names = Object.keys(place.env).filter((name) => /^(DATABASE|TEMPORAL)/.test(name));
  expect(names).toEqual(['TEMPORAL_CLI_PATH']);
});

test('a demo that failed leaves its logs and says where; one that went well, or never had any, leaves nothing', () => {
  const said = jest.spyOn(console, 'error').mockImplementation(() => undefined);
  const folder = mkdtempSync(join(tmpdir(), 'volley-place-'));
  const dataDir = join(folder, 'demo');
  const logs = join(dataDir, 'logs');
  for (const name of ['logs', 'postgres', 'run']) mkdirSync(join(dataDir, name), { recursive: true });
  leavePlace(dataDir, 1);
  expect(readdirSync(dataDir)).toEqual(['logs']);
  expect(said.mock.calls).toEqual([[`The logs stay in ${logs}.`]]);
  leavePlace(dataDir, 0);
  expect(readdirSync(folder)).toEqual([]);
  mkdirSync(join(dataDir, 'run'), { recursive: true });
  leavePlace(dataDir, 1);
  expect(readdirSync(folder)).toEqual([]);
  expect(said).toHaveBeenCalledTimes(1);
  rmSync(folder, { recursive: true });
  said.mockRestore();
});
