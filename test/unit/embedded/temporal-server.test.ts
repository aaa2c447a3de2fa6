import { devServerArguments } from '../../../src/runtime/embedded/temporal-server';

const OPTIONS = {
  port: 7001,
  uiPort: 7002,
  namespace: 'mail',
  dbFile: '/data/temporal.db',
  codecEndpoint: 'http://127.0.0.1:3400/codec',
};

/** The values of a flag that may be repeated. */
function valuesOf(args: string[], flag: string): string[] {
  return args.flatMap((arg, at) => (arg === flag ? [args[at + 1] ?? ''] : []));
}

test('server and web UI listen on loopback only, at the given ports', () => {
  const args = devServerArguments(OPTIONS);
  expect(args.slice(0, 2)).toEqual(['server', 'start-dev']);
  expect(valuesOf(args, '--ip')).toEqual(['127.0.0.1']);
  expect(valuesOf(args, '--ui-ip')).toEqual(['127.0.0.1']);
  expect(valuesOf(args, '--port')).toEqual(['7001']);
  expect(valuesOf(args, '--ui-port')).toEqual(['7002']);
  expect(valuesOf(args, '--ui-codec-endpoint')).toEqual([OPTIONS.codecEndpoint]);
});

test('the file database writes ahead, without which throughput is a third', () => {
  const args = devServerArguments(OPTIONS);
  expect(valuesOf(args, '--db-filename')).toEqual(['/data/temporal.db']);
  expect(valuesOf(args, '--sqlite-pragma')).toEqual(['journal_mode=wal', 'synchronous=normal']);
});

test('namespace and search attributes are there from the start', () => {
  const args = devServerArguments(OPTIONS);
  expect(valuesOf(args, '--namespace')).toEqual(['mail']);
  expect(valuesOf(args, '--search-attribute')).toEqual([
    'VolleyWorkspace=Keyword',
    'VolleyJob=Keyword',
    'VolleyPhase=Keyword',
  ]);
});

test('one partition and fairness are set, and no limit of a single execution is raised', () => {
  const config = valuesOf(devServerArguments(OPTIONS), '--dynamic-config-value');
  expect(config).toContain('matching.numTaskqueueReadPartitions=1');
  expect(config).toContain('matching.numTaskqueueWritePartitions=1');
  expect(config).toContain('matching.enableFairness=true');
  expect(config.filter((entry) => entry.startsWith('limit.'))).toEqual([]);
});

test('what a workflow hands on is looked for a hundred times a second: a job has six such steps before its first send', () => {
  const config = valuesOf(devServerArguments(OPTIONS), '--dynamic-config-value');
  expect(config).toContain('history.transferProcessorMaxPollRPS=100');
});

test('without a UI port it is headless, without a file it is in memory', () => {
  const args = devServerArguments({ ...OPTIONS, uiPort: undefined, dbFile: undefined });
  expect(args).toContain('--headless');
  expect(args).not.toContain('--ui-port');
  expect(args).not.toContain('--ui-codec-endpoint');
  expect(args).not.toContain('--sqlite-pragma');
});
