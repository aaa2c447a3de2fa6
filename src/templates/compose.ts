import { type AttachmentRef, type BrandContent, type Rendered } from '../domain/content';
import { type ChannelKind } from '../domain/kinds';
import { blocksHtml, blocksText, extrasHtml, extrasLines, fileLine, paragraphs } from './blocks';
import { type Body } from './body';
import { emailDocument, insertAround, type Frame } from './email-html';
import { safeFile } from './safe-url';

export interface ComposeInput {
  readonly kind: ChannelKind;
  readonly body: Body;
  readonly headers: Readonly<Record<string, string>>;
  readonly frame: Frame;
  readonly brand?: BrandContent;
  /** Of the words, where it is known. */
  readonly locale?: string;
  /** Turns markup into plain text. */
  readonly plainOf: (html: string) => Promise<string>;
}

/** Kinds that show no title: a message that has nothing else shows it as its text. */
const UNTITLED: ReadonlySet<ChannelKind> = new Set(['sms', 'chat']);
/** Kinds whose receiver may want the markup that the caller gave beside the text. */
const KEEPS_HTML: ReadonlySet<ChannelKind> = new Set(['webhook', 'any']);
/** Kinds that have headers; elsewhere they are left out. */
const HAS_HEADERS: ReadonlySet<ChannelKind> = new Set(['email', 'any']);

/** A blank part counts as absent: shown beside a part that has words, it would hide them. */
function withoutBlanks({ text, html, ...rest }: Body): Body {
  return { ...rest, ...(text?.trim() ? { text } : {}), ...(html?.trim() ? { html } : {}) };
}

async function wordsOf({ body, plainOf }: ComposeInput): Promise<string> {
  if (body.text !== undefined) return body.text;
  if (body.blocks !== undefined) return blocksText(body.blocks, plainOf);
  return body.html === undefined ? '' : plainOf(body.html);
}

function join(lines: readonly string[]): string {
  return lines.filter((one) => one !== '').join('\n');
}

function emailHtml({ body, frame, brand, locale }: ComposeInput): string | undefined {
  const extras = extrasHtml(body.images, body.actions);
  if (body.html !== undefined) return insertAround(body.html, frame.header, join([extras, frame.footer]));
  const words = body.blocks === undefined ? paragraphs(body.text ?? '') : blocksHtml(body.blocks);
  const inner = join([frame.header, words, extras, frame.footer]);
  return inner === '' ? undefined : emailDocument(inner, body.title ?? '', locale, brand);
}

/** Files that no attachment carries are offered as links; those shown inside the HTML have nothing to be shown in. */
function fileLines(files: readonly AttachmentRef[]): string[] {
  return files
    .filter((file) => !file.inline)
    .map(({ filename, url }) => fileLine(filename, safeFile(url) ?? ''))
    .filter((one) => one !== '');
}

/** What every kind is given alike: the title, the safe links and pictures, the headers where there are any. */
function common({ kind, body, headers }: ComposeInput): Omit<Rendered, 'text' | 'html' | 'attachments'> {
  return {
    ...(body.title === undefined ? {} : { title: body.title }),
    headers: HAS_HEADERS.has(kind) ? headers : {},
    images: body.images.flatMap(({ url, alt }) => (url ? [{ url, ...(alt ? { alt } : {}) }] : [])),
    actions: body.actions.flatMap(({ text, url }) => (url ? [{ text, url }] : [])),
  };
}

/** The brand's footer is in the text as well: that is where an address or a way to unsubscribe stands. */
async function composeEmail(input: ComposeInput, words: string): Promise<Rendered> {
  const { body, frame } = input;
  const footer = frame.footer === '' ? '' : await input.plainOf(frame.footer);
  const html = emailHtml(input);
  return {
    ...common(input),
    text: join([words, ...extrasLines(body.images, body.actions), footer && `\n${footer}`]),
    ...(html === undefined ? {} : { html }),
    attachments: body.files,
  };
}

/** The body in the shape of its kind: text and HTML for e-mail, text with its links for all others. */
export async function compose(given: ComposeInput): Promise<Rendered> {
  const body = withoutBlanks(given.body);
  const input = { ...given, body };
  const { kind } = input;
  const words = await wordsOf(input);
  if (kind === 'email') return composeEmail(input, words);
  const text = join([words, ...extrasLines(body.images, body.actions), ...fileLines(body.files)]);
  return {
    ...common(input),
    text: text === '' && UNTITLED.has(kind) ? (body.title ?? '') : text,
    ...(KEEPS_HTML.has(kind) && body.html !== undefined ? { html: body.html } : {}),
    attachments: [],
  };
}
