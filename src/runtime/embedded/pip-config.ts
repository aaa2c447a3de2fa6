import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const DEFAULT_INDEX = 'https://pypi.org/simple/';
/** Sections that pip itself reads for a download, the more particular one first. */
const SECTIONS = ['download', 'install', 'global'];

/**
 * The package index that pip would use here: PIP_INDEX_URL, else the `index-url` of pip's configuration files in pip's
 * own order, else the public one. Ends with a slash. It may hold a user and password: never print it whole.
 */
export function packageIndexUrl(
  env: NodeJS.ProcessEnv,
  read: (file: string) => string | undefined = readIfThere,
): string {
  const url = env['PIP_INDEX_URL']?.trim() || fromFiles(env, read) || DEFAULT_INDEX;
  return url.endsWith('/') ? url : `${url}/`;
}

/** `index-url` from the text of one pip.conf, or undefined. Keys may be written with `-` or `_`, values after `=` or `:`. */
export function indexUrlIn(text: string): string | undefined {
  const found = new Map<string, string>();
  let section = '';
  for (const line of text.split(/\r?\n/)) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith(';')) continue;
    section = /^\[(.+)\]$/.exec(trimmed)?.[1]?.trim().toLowerCase() ?? section;
    const value = /^index[-_]url\s*[=:]\s*(\S+)$/i.exec(trimmed)?.[1];
    if (value !== undefined) found.set(section, value);
  }
  const best = SECTIONS.find((name) => found.has(name));
  return best === undefined ? undefined : found.get(best);
}

function fromFiles(env: NodeJS.ProcessEnv, read: (file: string) => string | undefined): string | undefined {
  for (const file of configurationFiles(env)) {
    const text = read(file);
    const url = text === undefined ? undefined : indexUrlIn(text);
    if (url !== undefined) return url;
  }
  return undefined;
}

/** The strongest first. */
function configurationFiles(env: NodeJS.ProcessEnv): string[] {
  const named = env['PIP_CONFIG_FILE'];
  // pip's documented way to say: read no file at all.
  if (named === '/dev/null') return [];
  const home = env['HOME'] ?? homedir();
  const virtualEnv = env['VIRTUAL_ENV'];
  return [
    ...(named ? [named] : []),
    ...(virtualEnv ? [join(virtualEnv, 'pip.conf')] : []),
    join(env['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'pip', 'pip.conf'),
    join(home, 'Library', 'Application Support', 'pip', 'pip.conf'),
    join(home, '.pip', 'pip.conf'),
    '/etc/xdg/pip/pip.conf',
    '/etc/pip.conf',
  ];
}

function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
