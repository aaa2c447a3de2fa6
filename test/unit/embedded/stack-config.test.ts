import { readStackConfig } from '../../../src/runtime/embedded/stack-config';
import { StartupError } from '../../../src/runtime/embedded/startup-error';

test('an empty environment gives the documented defaults', () => {
  const config = readStackConfig({ PORT: '', DATABASE_URL: '' });
  expect(config).toEqual({
    dataDir: expect.stringMatching(/\/\.volley$/),
    apiPort: 3400,
    postgresPort: 3401,
    temporalPort: 7233,
    temporalUiPort: 8233,
    namespace: 'default',
  });
});

test('every setting is taken from its variable', () => {
  const config = readStackConfig({
    PORT: '0',
    VOLLEY_POSTGRES_PORT: '1',
    VOLLEY_TEMPORAL_PORT: '2',
    VOLLEY_TEMPORAL_UI_PORT: '3',
    VOLLEY_DATA_DIR: '/data',
    DATABASE_URL: 'postgres://u:p@db:5432/x',
    TEMPORAL_ADDRESS: 'temporal:7233',
    TEMPORAL_NAMESPACE: 'mail',
  });
  expect(config).toEqual({
    ...{
      apiPort: 0,
      postgresPort: 1,
      temporalPort: 2,
      temporalUiPort: 3,
      dataDir: '/data',
      namespace: 'mail',
    },
    ...{ databaseUrl: 'postgres://u:p@db:5432/x', temporalAddress: 'temporal:7233' },
  });
});

test('all faults are named at once, without the values, which may hold a password', () => {
  const read = () =>
    readStackConfig({
      PORT: 'http',
      VOLLEY_TEMPORAL_PORT: '70000',
      DATABASE_URL: 'mysql://root:hunter2@db/x',
      TEMPORAL_ADDRESS: 'http://temporal',
    });
  expect(read).toThrow(StartupError);
  expect(read).toThrow(/PORT has to be a port number.*VOLLEY_TEMPORAL_PORT.*DATABASE_URL.*TEMPORAL_ADDRESS/);
  expect(read).not.toThrow(/hunter2/);
});
