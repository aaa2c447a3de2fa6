import { type Block, type Content } from '../domain/content';
import { inlineText, isRecord, MAX_PROBLEMS, stringField } from './elemental-fields';

export type ElementalResult =
  | { readonly ok: true; readonly content: Content }
  | { readonly ok: false; readonly problems: readonly string[] };

const VERSION = '2022-01-01';
/** A long newsletter has some hundred nodes. */
const MAX_NODES = 500;
const MAX_DEPTH = 10;
const MAX_CHARS = 500_000;
/** Fields that choose whom or when a node is for: left out, people would get what was not meant for them. */
const UNSUPPORTED_FIELDS = ['channels', 'if', 'loop', 'locales'] as const;

const TEXT_STYLES: Readonly<Record<string, 'text' | 'h1' | 'h2' | 'subtext'>> = {
  text: 'text',
  h1: 'h1',
  h2: 'h2',
  h3: 'h2',
  subtext: 'subtext',
};

/** What one document has used up and given so far. */
interface Reading {
  readonly problems: string[];
  readonly blocks: Block[];
  title: string | undefined;
  nodes: number;
}

type Node = Readonly<Record<string, unknown>>;

/** Each adds its block, or a problem that names the node by its path. */
const READERS: Readonly<Record<string, (node: Node, path: string, reading: Reading) => void>> = {
  meta(node, path, reading) {
    if (node['title'] !== undefined) reading.title = stringField(node, 'title', path, reading.problems);
  },
  text(node, path, reading) {
    // Courier's one format is markdown. Read as plain text it would show its asterisks, and its links would be none.
    if (node['format'] != null) reading.problems.push(`${path}.format is not supported yet`);
    const style = TEXT_STYLES[typeof node['text_style'] === 'string' ? node['text_style'] : 'text'];
    if (!style)
      reading.problems.push(`${path}.text_style must be one of ${Object.keys(TEXT_STYLES).join(', ')}`);
    const content = inlineText(node, path, reading.problems);
    if (content !== undefined) reading.blocks.push({ type: 'text', content, style: style ?? 'text' });
  },
  quote(node, path, reading) {
    const content = inlineText(node, path, reading.problems);
    if (content !== undefined) reading.blocks.push({ type: 'text', content, style: 'quote' });
  },
  action(node, path, reading) {
    const content = stringField(node, 'content', path, reading.problems);
    const href = stringField(node, 'href', path, reading.problems);
    if (content !== undefined && href !== undefined) reading.blocks.push({ type: 'action', content, href });
  },
  image(node, path, reading) {
    const src = stringField(node, 'src', path, reading.problems);
    // Courier's SDKs 5 and 6 write `altText`, its pages `alt_text`.
    const altField = node['alt_text'] == null ? 'altText' : 'alt_text';
    const alt = node[altField] == null ? undefined : stringField(node, altField, path, reading.problems);
    const href = node['href'] == null ? undefined : stringField(node, 'href', path, reading.problems);
    if (src !== undefined)
      reading.blocks.push({ type: 'image', src, ...(alt ? { alt } : {}), ...(href ? { href } : {}) });
  },
  divider(_node, _path, reading) {
    reading.blocks.push({ type: 'divider' });
  },
  html(node, path, reading) {
    const content = stringField(node, 'content', path, reading.problems);
    if (content !== undefined) reading.blocks.push({ type: 'html', content });
  },
};

function readNode(node: unknown, path: string, depth: number, reading: Reading): void {
  if (!isRecord(node) || typeof node['type'] !== 'string') {
    reading.problems.push(`${path} must be an object with a type`);
    return;
  }
  const { type } = node;
  for (const field of UNSUPPORTED_FIELDS)
    if (node[field] != null) reading.problems.push(`${path}.${field} is not supported yet`);
  if (type === 'group') return readNodes(node['elements'], `${path}.elements`, depth + 1, reading);
  const read = Object.hasOwn(READERS, type) ? READERS[type] : undefined;
  if (!read) {
    reading.problems.push(
      `${path}: nodes of type ${JSON.stringify(type.slice(0, 40))} are not supported yet`,
    );
    return;
  }
  read(node, path, reading);
}

function readNodes(elements: unknown, path: string, depth: number, reading: Reading): void {
  if (!Array.isArray(elements)) {
    reading.problems.push(`${path} must be an array`);
    return;
  }
  if (depth > MAX_DEPTH) {
    reading.problems.push(`${path} is nested more than ${MAX_DEPTH} levels deep`);
    return;
  }
  for (const [index, node] of elements.entries()) {
    reading.nodes += 1;
    if (reading.nodes > MAX_NODES || reading.problems.length >= MAX_PROBLEMS) return;
    readNode(node, `${path}[${index}]`, depth, reading);
  }
}

function fromElements(document: Node): ElementalResult {
  const reading: Reading = { problems: [], blocks: [], title: undefined, nodes: 0 };
  if (document['version'] !== VERSION) reading.problems.push(`version must be "${VERSION}"`);
  readNodes(document['elements'], 'elements', 1, reading);
  if (reading.nodes > MAX_NODES) reading.problems.push(`elements has more than ${MAX_NODES} nodes`);
  if (JSON.stringify([reading.title, reading.blocks]).length > MAX_CHARS)
    reading.problems.push(`elements has more than ${MAX_CHARS} characters`);
  if (reading.problems.length > 0) return { ok: false, problems: reading.problems };
  const { title, blocks } = reading;
  return { ok: true, content: { ...(title === undefined ? {} : { title }), blocks, interpolate: true } };
}

function fromTitleAndBody(value: Node): ElementalResult {
  const problems: string[] = [];
  const title = value['title'] == null ? undefined : stringField(value, 'title', '', problems);
  const text = value['body'] == null ? undefined : stringField(value, 'body', '', problems);
  if (value['title'] == null && value['body'] == null)
    problems.push('content needs a title or a body, or version and elements');
  if ((title ?? '').length + (text ?? '').length > MAX_CHARS)
    problems.push(`content has more than ${MAX_CHARS} characters`);
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    content: {
      ...(title === undefined ? {} : { title }),
      ...(text === undefined ? {} : { text }),
      interpolate: true,
    },
  };
}

/**
 * Courier's `content`, in either form: `{title, body}`, or Elemental's `{version, elements}` with meta, text, quote,
 * action, image, divider, html and group nodes. Problems name the field by its path and how to mend it.
 */
export function fromElemental(value: unknown): ElementalResult {
  if (!isRecord(value)) return { ok: false, problems: ['content must be an object'] };
  return 'elements' in value || 'version' in value ? fromElements(value) : fromTitleAndBody(value);
}
