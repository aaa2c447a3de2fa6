import { z } from 'zod';
import { type BrandContent, type TemplateContent, type TemplateVariant } from '../domain/content';
import { CHANNEL_KINDS } from '../domain/kinds';
import { pickLocale } from '../domain/locale';
import { MAX_SOURCE_CHARS } from './liquid-dialect';
import { createLiquidEngine, PieceError, type Piece } from './liquid-engine';
import { safeImage, safeLink } from './safe-url';
import { variantPieces } from './template-body';

/** One thing that would keep a template from rendering, and where: `locales.en.email.html`. */
export interface TemplateProblem {
  readonly path: readonly string[];
  readonly message: string;
}

const MAX_BODY_CHARS = MAX_SOURCE_CHARS;
/** A title is one line. */
const MAX_TITLE_CHARS = 1_000;
const MAX_URL_CHARS = 4_096;
const MAX_LOCALES = 200;
const MAX_ACTIONS = 20;
const MAX_REQUIRED = 100;
/** What one version may weigh in all: it is kept in memory by every worker that renders it. */
const MAX_TEMPLATE_CHARS = 4_000_000;

const locale = z
  .string()
  .regex(/^[a-z]{2,8}(?:[-_][a-z0-9]{1,8}){0,4}$/i, 'must be a locale such as en or pt-BR');
const path = z
  .string()
  .max(200)
  .regex(/^[\p{L}_$][\p{L}\p{N}_$-]*(?:\.[\p{L}\p{N}_$-]+)*$/u, 'must be a path such as user.name');

const variantSchema = z.strictObject({
  title: z.exactOptional(z.string().max(MAX_TITLE_CHARS)),
  text: z.exactOptional(z.string().max(MAX_BODY_CHARS)),
  html: z.exactOptional(z.string().max(MAX_BODY_CHARS)),
  actions: z.exactOptional(
    z
      .array(z.strictObject({ text: z.string().max(MAX_TITLE_CHARS), url: z.string().max(MAX_URL_CHARS) }))
      .max(MAX_ACTIONS),
  ),
});

const variantsSchema = z.partialRecord(z.enum([...CHANNEL_KINDS, 'default']), variantSchema);

/** The very engine that renders, so that both refuse the same. */
const engine = createLiquidEngine();

function problemOf(piece: Piece): string | undefined {
  try {
    engine.check(piece);
    return undefined;
  } catch (error) {
    if (error instanceof PieceError) return error.message;
    throw error;
  }
}

function variantProblems(variant: TemplateVariant): string[][] {
  const problems = variantPieces(variant).flatMap((piece) => {
    const message = problemOf(piece);
    return message === undefined ? [] : [[piece.field, message]];
  });
  if (!variant.title && !variant.text && !variant.html) problems.push(['', 'needs a title, a text or html']);
  for (const [index, { url }] of (variant.actions ?? []).entries())
    if (!/\{[{%]/.test(url) && safeLink(url) === undefined)
      problems.push([`actions.${index}.url`, 'must be an absolute URL with http, https, mailto or tel']);
  return problems;
}

/** What would keep a template from rendering whatever the data: Liquid that does not parse, first of all. */
export function checkTemplate(content: TemplateContent): TemplateProblem[] {
  return Object.entries(content.locales).flatMap(([localeName, variants]) =>
    Object.entries(variants).flatMap(([kind, variant]) =>
      variantProblems(variant).map(([field = '', message = '']) => ({
        path: ['locales', localeName, kind, ...field.split('.').filter(Boolean)],
        message,
      })),
    ),
  );
}

function checkWhole(content: TemplateContent, context: z.RefinementCtx): void {
  const report = (at: readonly string[], message: string): void =>
    context.addIssue({ code: 'custom', path: [...at], message });
  const locales = Object.keys(content.locales);
  if (locales.length > MAX_LOCALES) report(['locales'], `at most ${MAX_LOCALES} locales`);
  if (pickLocale(locales, undefined, content.defaultLocale) === undefined)
    report(['defaultLocale'], 'must be one of the locales');
  if (JSON.stringify(content).length > MAX_TEMPLATE_CHARS)
    return report([], `at most ${MAX_TEMPLATE_CHARS} characters in all`);
  for (const { path: at, message } of checkTemplate(content)) report(at, message);
}

/** A template version as the admin API takes it. Issues name locale, kind and field by their path. */
export const templateContentSchema: z.ZodType<TemplateContent> = z
  .strictObject({
    defaultLocale: locale,
    locales: z.record(locale, variantsSchema),
    required: z.exactOptional(z.array(path).max(MAX_REQUIRED)),
  })
  .superRefine(checkWhole);

const colour = z
  .string()
  .regex(/^(?:#[0-9a-f]{3,8}|[a-z]{3,20})$/i, 'must be #rgb, #rrggbb or a colour name');
const imageUrl = z
  .string()
  .max(MAX_URL_CHARS)
  .refine((url) => safeImage(url) !== undefined, 'must be an absolute URL with http or https');
const linkUrl = z
  .string()
  .max(MAX_URL_CHARS)
  .refine((url) => safeLink(url) !== undefined, 'must be an absolute URL with http, https, mailto or tel');

function liquidHtml(field: string): z.ZodType<string> {
  return z
    .string()
    .max(MAX_BODY_CHARS)
    .superRefine((source, context) => {
      const message = problemOf({ field, source, target: 'html' });
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    });
}

/** A brand as the admin API takes it. */
export const brandContentSchema: z.ZodType<BrandContent> = z.strictObject({
  name: z.string().min(1).max(200),
  colors: z.exactOptional(z.record(z.string().regex(/^[a-z][a-zA-Z0-9_]{0,39}$/), colour)),
  logo: z.exactOptional(z.strictObject({ url: imageUrl, href: z.exactOptional(linkUrl) })),
  header: z.exactOptional(liquidHtml('header')),
  footer: z.exactOptional(liquidHtml('footer')),
});
