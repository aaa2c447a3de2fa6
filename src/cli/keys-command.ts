import { type Command } from 'commander';
import { isUuid } from '../domain/ids';
import { issueKey } from '../ledger/keys';
import { getWorkspace } from '../ledger/workspaces';
import { createLocalClient, fieldOf } from '../runtime/local-client';
import { OperatorError } from '../domain/operator-error';
import { apiUrl, withLedger } from './reach';

interface Options {
  readonly workspace: string;
  readonly name: string;
  readonly api?: string;
}

export function addKeysCommand(program: Command): void {
  program
    .command('keys')
    .description("keys of a workspace's API")
    .command('create')
    .description('make a key, shown this once')
    .requiredOption('--workspace <id>', 'whose key it is')
    .option('--name <name>', 'to recognise it by', 'API key')
    .option('--api <url>', 'make it over HTTP with VOLLEY_ADMIN_KEY (else VOLLEY_API_URL)')
    .addHelpText(
      'after',
      '\nWith DATABASE_URL, or a stack on the data directory, the key is made in the ledger itself; with VOLLEY_ADMIN_KEY' +
        '\nand an API over HTTP. Only the key goes to standard output.',
    )
    .action(runCreate);
}

async function runCreate(options: Options): Promise<void> {
  if (!isUuid(options.workspace)) throw new OperatorError('The workspace has to be an id, a UUID.');
  const adminKey = process.env['VOLLEY_ADMIN_KEY'];
  const overHttp =
    options.api !== undefined || (!process.env['DATABASE_URL'] && adminKey && process.env['VOLLEY_API_URL']);
  const key = overHttp ? await createOverHttp(options, adminKey) : await createInLedger(options);
  console.error(`Key "${options.name}" of workspace ${options.workspace}; it is shown this once:`);
  console.log(key);
}

function createInLedger({ workspace, name }: Options): Promise<string> {
  return withLedger(async (db) => {
    if (!(await getWorkspace(db, workspace)))
      throw new OperatorError(`This ledger has no workspace ${workspace}.`);
    return (await issueKey(db, { workspaceId: workspace, name })).key;
  });
}

async function createOverHttp(options: Options, adminKey: string | undefined): Promise<string> {
  const url = apiUrl(options.api) ?? '';
  if (!adminKey) throw new OperatorError('Over HTTP a first key takes the admin key: set VOLLEY_ADMIN_KEY.');
  const client = createLocalClient({ url, key: adminKey });
  const { status, body } = await client.call('POST', `/v1/workspaces/${options.workspace}/keys`, {
    name: options.name,
  });
  const key = fieldOf(body, 'key');
  if (status === 201 && typeof key === 'string') return key;
  const detail = fieldOf(body, 'detail');
  const reason = typeof detail === 'string' ? detail : 'no reason given';
  throw new OperatorError(`${url} refused (HTTP ${status}): ${reason}`);
}
