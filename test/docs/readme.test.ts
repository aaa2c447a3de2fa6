import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const ROOT = join(__dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const pages = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** As GitHub makes them of headings: lower case, spaces to dashes, punctuation dropped. */
function anchorsOf(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map((match) => match[1] ?? '');
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test.each(pages)('every link of %s leads somewhere', (page) => {
  const text = read(page).replace(/```[^]*?```/g, '');
  for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? join(ROOT, page) : resolve(ROOT, dirname(page), path);
    expect({ target, exists: existsSync(file) }).toEqual({ target, exists: true });
    if (anchor !== undefined && statSync(file).isFile()) {
      expect({ target, anchors: anchorsOf(readFileSync(file, 'utf8')) }).toMatchObject({
        anchors: expect.arrayContaining([anchor]),
      });
    }
  }
});

test('the README has the four examples that CI runs, each on its own address', () => {
  const readme = read('README.md');
  for (const name of ['bulk', 'batch', 'life', 'sdk']) {
    const block = new RegExp(`<!-- ci: ${name} -->\\s*\`\`\`\\w+\\n([^]*?)\`\`\``).exec(readme)?.[1];
    expect(block).toContain('http://127.0.0.1:3400');
  }
});

/** Interactive zsh, the shell of a Mac, takes a comment for arguments; what a here-document hands to bash, and a file, it does not read. */
test.each(pages)('no command that %s shows has a comment', (page) => {
  for (const [, block = ''] of read(page).matchAll(/^```(?:bash|sh)\n([^]*?)^```/gm)) {
    if (block.startsWith('#!')) continue;
    const typed = block.replace(/<<'(\w+)'\n[^]*?^\1$/gm, '');
    expect(typed).not.toMatch(/(^|[\s(])#/);
  }
});

test('every npm script and volley command that a page names is there', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const program = readdirSync(join(ROOT, 'src/cli'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => read(join('src/cli', name)))
    .join('\n');
  for (const page of pages) {
    for (const [, name = ''] of read(page).matchAll(/`npm run ([a-z][a-z:-]+)/g)) {
      expect({ page, name, known: name in scripts }).toEqual({ page, name, known: true });
    }
    for (const [, name = ''] of read(page).matchAll(/`volley ([a-z]+)/g)) {
      expect({ page, name, known: program.includes(`'${name}'`) }).toEqual({ page, name, known: true });
    }
  }
});
