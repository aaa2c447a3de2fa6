import { type BrandContent } from '../domain/content';
import { contentBody, isEmptyContent, type Body } from './body';
import { compose } from './compose';
import { logoHeader, type Frame } from './email-html';
import { oneLine } from './escape';
import { pickHeaders } from './headers';
import { createInterpolator, valueAt } from './interpolate';
import { type Piece } from './liquid-engine';
import { createLiquidPool, type LiquidLane, type PoolOptions } from './liquid-pool';
import {
  failure,
  type RenderFailure,
  type RenderInput,
  type Renderer,
  type RenderResult,
} from './render-contract';
import { pickVariant, variantBody, variantPieces } from './template-body';

export { type RenderInput, type RenderResult, type Renderer } from './render-contract';

/** Ends one render with its failure, from however deep inside it. */
class RenderStop extends Error {
  constructor(readonly failure: RenderFailure) {
    super(failure.detail);
  }
}

function stop(...[reason, detail]: Parameters<typeof failure>): never {
  throw new RenderStop(failure(reason, detail));
}

// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Names of ours beside the caller's data. A variable of the caller's keeps its meaning where they share a name. */
function ourNames(input: RenderInput, locale: string | undefined): Record<string, unknown> {
  const { data, profile, recipient, brand, unsubscribeUrl } = input;
  return {
    data,
    recipient,
    ...(profile ? { profile } : {}),
    ...(brand ? { brand } : {}),
    ...(locale ? { locale } : {}),
    volley: { ...(unsubscribeUrl === undefined ? {} : { unsubscribeUrl }) },
  };
}

/** Whatever has no tag is its own output: plain strings never cost the way to a thread. */
async function renderPieces(
  pool: LiquidLane,
  pieces: readonly Piece[],
  scope: object,
): Promise<readonly string[]> {
  if (!pieces.some(({ source }) => /\{[{%]/.test(source))) return pieces.map(({ source }) => source);
  const result = await pool.liquid(pieces, scope);
  return result.ok ? result.outputs : stop('render_failed', result.detail);
}

async function plainText(pool: LiquidLane, html: string): Promise<string> {
  const result = await pool.plain(html);
  return result.ok
    ? (result.outputs[0] ?? '')
    : stop('render_failed', `The plain text of the HTML: ${result.detail}`);
}

interface Words {
  readonly body: Body;
  readonly locale: string | undefined;
  readonly scope: object;
}

async function templateWords(
  pool: LiquidLane,
  input: RenderInput,
  template: NonNullable<RenderInput['template']>,
): Promise<Words> {
  const picked = pickVariant(template, input.kind, input.locale ?? input.recipient.locale);
  if (!picked)
    return stop(
      'unsupported_body_for_channel',
      `The template has no variant for ${input.kind} and no default.`,
    );
  const { variant, locale } = picked;
  if (!variant.title && !variant.text && !variant.html)
    return stop('invalid_content', `The template's variant for ${input.kind} (${locale}) is empty.`);
  const scope = { ...ourNames(input, locale), ...input.data };
  for (const path of template.required ?? [])
    if (valueAt(scope, path) == null)
      stop('variable_missing', `The template requires ${path}, which the data lacks.`);
  const outputs = await renderPieces(pool, variantPieces(variant), scope);
  return { body: variantBody(variant, outputs, input.content), locale, scope };
}

function contentWords(input: RenderInput): Words {
  const { content, kind } = input;
  if (!content) return stop('invalid_content', 'There is neither content nor a template.');
  if (content.unsupported !== undefined)
    return stop(
      'unsupported_body_for_channel',
      `A body of type ${content.unsupported} cannot be sent through ${kind}.`,
    );
  if (isEmptyContent(content)) return stop('invalid_content', 'The content has neither a title nor a body.');
  const scope = { ...ourNames(input, input.locale ?? input.recipient.locale), ...input.data };
  return { body: contentBody(content, scope), locale: input.locale, scope };
}

function withSubject({ body, scope }: Words, { subjectOverride, content }: RenderInput): Body {
  if (subjectOverride === undefined) return body;
  const title = content?.interpolate
    ? createInterpolator(scope).fill(subjectOverride, 'text')
    : subjectOverride;
  return { ...body, title: oneLine(title) };
}

/** In its own header and footer `brand` is always the brand, whatever the data calls so. */
async function frameOf(
  pool: LiquidLane,
  input: RenderInput,
  brand: BrandContent | undefined,
  locale: string | undefined,
): Promise<Frame> {
  if (!brand || input.kind !== 'email') return { header: '', footer: '' };
  const pieces: Piece[] = [
    { field: 'brand.header', source: brand.header ?? '', target: 'html' },
    { field: 'brand.footer', source: brand.footer ?? '', target: 'html' },
  ];
  const [header = '', footer = ''] = await renderPieces(pool, pieces, {
    ...input.data,
    ...ourNames(input, locale),
  });
  return { header: brand.header === undefined ? logoHeader(brand) : header, footer };
}

async function renderOne(pool: LiquidLane, input: RenderInput): Promise<RenderResult> {
  const headers = pickHeaders(input.content?.headers);
  if (!headers.ok && input.kind === 'email') return headers;
  const words = input.template ? await templateWords(pool, input, input.template) : contentWords(input);
  const body = withSubject(words, input);
  if (body.files.some(({ filename = '' }) => CONTROL.test(filename)))
    return failure('invalid_content', 'The filename of an attachment has control characters.');
  const rendered = await compose({
    kind: input.kind,
    body,
    headers: headers.ok ? headers.headers : {},
    frame: await frameOf(pool, input, input.brand, words.locale),
    ...(input.brand ? { brand: input.brand } : {}),
    ...(words.locale === undefined ? {} : { locale: words.locale }),
    plainOf: (html) => plainText(pool, html),
  });
  return { ok: true, rendered };
}

/**
 * Renders messages: inline content with an engine of its own, stored templates and brands in Liquid, each escaped for
 * where it goes. Liquid and HTML parsing run in threads that are killed after `timeLimitMs`; close() ends them.
 */
export function createRenderer(options: PoolOptions = {}): Renderer {
  const pool = createLiquidPool(options);
  return {
    async render(input) {
      try {
        return await renderOne(pool.of(input.workspaceId), input);
      } catch (error) {
        if (error instanceof RenderStop) return error.failure;
        if (error instanceof RangeError)
          return failure('render_failed', 'The data is too large or too deep.');
        throw error;
      }
    },
    close: () => pool.close(),
  };
}
