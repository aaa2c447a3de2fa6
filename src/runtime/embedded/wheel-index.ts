import { z } from 'zod';

/** One file of a package index, its address absolute. */
export type WheelFile = { filename: string; url: string; sha256: string | undefined; yanked: boolean };

export type Machine = { platform: string; arch: string };

/** PEP 691, the JSON form of an index page; only what is needed to choose and check a file. */
const jsonPage = z.object({
  files: z.array(
    z.object({
      filename: z.string(),
      url: z.string(),
      hashes: z.record(z.string(), z.string()).default({}),
      yanked: z.union([z.boolean(), z.string()]).default(false),
    }),
  ),
});

/**
 * The files that an index page lists, from its JSON form (PEP 691) or its HTML form (PEP 503).
 * @param pageUrl where the page came from: addresses in it may be relative.
 */
export function readIndexPage(contentType: string, body: string, pageUrl: string): WheelFile[] {
  if (!contentType.includes('json')) return readHtmlPage(body, pageUrl);
  return jsonPage.parse(JSON.parse(body)).files.map((file) => ({
    filename: file.filename,
    url: new URL(file.url, pageUrl).href,
    sha256: file.hashes['sha256'],
    yanked: file.yanked !== false,
  }));
}

/** The newest released wheel that runs on `machine`, or undefined. Pre-releases and withdrawn files never count. */
export function chooseWheel(files: WheelFile[], machine: Machine): WheelFile | undefined {
  return files
    .flatMap((file) => {
      const parsed = parseWheelName(file.filename);
      return parsed && !file.yanked && fits(parsed.platforms, machine) ? [{ file, ...parsed }] : [];
    })
    .sort((a, b) => compareVersions(b.version, a.version))[0]?.file;
}

/** Compares versions such as 1.10.0 by their numbers; missing parts are 0. */
export function compareVersions(a: number[], b: number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function readHtmlPage(html: string, pageUrl: string): WheelFile[] {
  return [...html.matchAll(/<a\s([^>]*)>([^<]*)<\/a>/gi)].flatMap(([, attributes = '', text = '']) => {
    const href = /href\s*=\s*["']([^"']*)["']/i.exec(attributes)?.[1];
    if (href === undefined) return [];
    const url = new URL(href.replaceAll('&amp;', '&'), pageUrl);
    const sha256 = /sha256=([0-9a-f]{64})/i.exec(url.hash)?.[1];
    url.hash = '';
    return [{ filename: text.trim(), url: url.href, sha256, yanked: /\bdata-yanked\b/i.test(attributes) }];
  });
}

/** name-version-python-abi-platform.whl (PEP 427); a pre-release has letters in its version and is not parsed. */
function parseWheelName(filename: string): { version: number[]; platforms: string[] } | undefined {
  const match = /^[^-]+-(\d+(?:\.\d+)*)-[^-]+-[^-]+-([^-]+)\.whl$/.exec(filename);
  if (!match?.[1] || !match[2]) return undefined;
  return { version: match[1].split('.').map(Number), platforms: match[2].split('.') };
}

function fits(platforms: string[], { platform, arch }: Machine): boolean {
  const linuxArch = { x64: 'x86_64', arm64: 'aarch64' }[arch];
  const macArch = { x64: 'x86_64', arm64: 'arm64' }[arch];
  return platforms.some((tag) => {
    if (platform === 'linux' && linuxArch)
      return tag.startsWith('manylinux') && tag.endsWith(`_${linuxArch}`);
    if (platform === 'darwin' && macArch) return tag.startsWith('macosx_') && tag.endsWith(`_${macArch}`);
    return false;
  });
}
