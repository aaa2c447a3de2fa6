import { type Content, type TemplateContent, type TemplateVariant } from '../domain/content';
import { CHANNEL_KINDS, type ChannelKind } from '../domain/kinds';
import { pickLocale } from '../domain/locale';
import { bodyAction, type Body } from './body';
import { oneLine } from './escape';
import { type LiquidTarget } from './liquid-dialect';
import { type Piece } from './liquid-engine';

type Variants = TemplateContent['locales'][string];

function variantFor(variants: Variants, kind: ChannelKind): TemplateVariant | undefined {
  // The seeded `any` channel has no variant of its own: whatever the template has is fit for it.
  const names = kind === 'any' ? ['any', 'default', ...CHANNEL_KINDS] : [kind, 'default'];
  const name = names.find((one) => Object.hasOwn(variants, one));
  return name === undefined ? undefined : variants[name];
}

/** The variant for this kind in the best locale that has one; undefined where no locale in question does. */
export function pickVariant(
  template: TemplateContent,
  kind: ChannelKind,
  wanted: string | undefined,
): { readonly locale: string; readonly variant: TemplateVariant } | undefined {
  const fitting = Object.entries(template.locales).flatMap(([locale, variants]) => {
    const variant = variantFor(variants, kind);
    return variant ? [{ locale, variant }] : [];
  });
  const locale = pickLocale(
    fitting.map((one) => one.locale),
    wanted,
    template.defaultLocale,
  );
  return fitting.find((one) => one.locale === locale);
}

/** Every Liquid string of a variant: title, text and html in this order (absent ones empty), then two for each action. */
export function variantPieces(variant: TemplateVariant): Piece[] {
  const one = (field: string, source = '', target: LiquidTarget = 'text'): Piece => ({
    field,
    source,
    target,
  });
  return [
    one('title', variant.title),
    one('text', variant.text),
    one('html', variant.html, 'html'),
    ...(variant.actions ?? []).flatMap(({ text, url }, index) => [
      one(`actions.${index}.text`, text),
      one(`actions.${index}.url`, url.trim(), 'url'),
    ]),
  ];
}

/** Puts the outputs of `variantPieces` together again. Files are those of the content beside the template. */
export function variantBody(
  variant: TemplateVariant,
  outputs: readonly string[],
  beside: Content | undefined,
): Body {
  const [title = '', text = '', html = '', ...links] = outputs;
  return {
    ...(variant.title === undefined ? {} : { title: oneLine(title) }),
    ...(variant.text === undefined ? {} : { text }),
    ...(variant.html === undefined ? {} : { html }),
    actions: (variant.actions ?? []).map((_action, index) => {
      const [words = '', url = ''] = links.slice(index * 2);
      return bodyAction(words, url);
    }),
    images: [],
    files: beside?.attachments ?? [],
  };
}
