import { Liquid, type FilterImplOptions } from 'liquidjs';
import { escapeHtml, escapeHtmlOnce } from './escape';
import { afterFilter, CAPTURE_OPERATORS, Captured, HtmlCapture, textOf } from './liquid-capture';
import { boundedEmitter, spell, UrlCapture, urlEmitter, UrlValue } from './liquid-output';

/** Where the output of a template goes: an action's URL is a whole one. */
export type LiquidTarget = 'text' | 'html' | 'url';

/** A long newsletter with inlined styles has 200 kB. */
export const MAX_SOURCE_CHARS = 512 * 1024;
/** Characters that one render may make, output included: 20 MB at worst, well inside the thread's heap. */
const MEMORY_LIMIT_CHARS = 5_000_000;
/** Asked for at every node and filter, so it ends loops long before the pool has to kill the thread. */
const RENDER_LIMIT_MS = 1_000;

/** No include, render, layout or block (files), and no `liquid` (its lines evade MAX_TAGS). */
const TAGS: ReadonlySet<string> = new Set(
  'assign break capture case comment continue cycle decrement echo for if increment raw tablerow unless #'.split(
    ' ',
  ),
);

/** No `…_exp` (they evaluate strings, which may be data), no sample (a retry must say the same), no crypto. */
const FILTERS: ReadonlySet<string> = new Set(
  (
    'abs append array_to_sentence_string at_least at_most base64_decode base64_encode capitalize ceil cgi_escape ' +
    'compact concat date date_to_long_string date_to_rfc822 date_to_string date_to_xmlschema default divided_by ' +
    'downcase escape escape_once find first floor group_by has join json jsonify last lstrip map minus modulo ' +
    'newline_to_br normalize_whitespace number_of_words plus pop prepend push raw reject remove remove_first ' +
    'remove_last replace replace_first replace_last reverse round rstrip shift size slice slugify sort sort_natural ' +
    'split squish strip strip_html strip_newlines sum times to_integer truncate truncatewords uniq unshift upcase ' +
    'uri_escape url_decode url_encode where xml_escape'
  ).split(' '),
);

type FilterHandler = Extract<FilterImplOptions, (...args: never[]) => unknown>;

/** Every filter charges for the text that it takes: some of Liquid's own (url_encode) would do any amount for nothing. */
function guarded(name: string, filter: FilterImplOptions): FilterImplOptions {
  const handler = typeof filter === 'function' ? filter : filter.handler;
  const wrapped: FilterHandler = function (given: unknown, ...args: unknown[]) {
    const value = textOf(given);
    this.context.renderLimit.check(performance.now());
    if (typeof value === 'string') this.context.memoryLimit.use(value.length);
    // `default` gives back the one or the other as it is.
    const made: unknown = handler.apply(this, [value, ...(name === 'default' ? args : args.map(textOf))]);
    return given instanceof Captured ? afterFilter(name, given, made) : made;
  };
  return typeof filter === 'function' ? wrapped : { handler: wrapped, raw: filter.raw };
}

const ESCAPES: Readonly<Record<Exclude<LiquidTarget, 'text'>, (value: unknown) => unknown>> = {
  html: (value) => (value instanceof Captured ? value.text : escapeHtml(spell(value))),
  url: (value) => new UrlValue(spell(value)),
};

type OutputEscape = (value: unknown) => string;

/**
 * Liquid for one target: strings only, own properties only, nothing that reaches files, network or environment, and
 * every output escaped for the target, once, unless the template says `raw`.
 */
export function createDialect(target: LiquidTarget): Liquid {
  const liquid = new Liquid({
    ownPropertyOnly: true,
    strictFilters: true,
    strictVariables: false,
    templates: {},
    locale: 'en-US',
    timezoneOffset: 0,
    parseLimit: MAX_SOURCE_CHARS,
    renderLimit: RENDER_LIMIT_MS,
    memoryLimit: MEMORY_LIMIT_CHARS,
    ...(target === 'html' ? { operators: CAPTURE_OPERATORS } : {}),
    // Typed for strings, but whatever it gives goes to the emitter unread.
    ...(target === 'text' ? {} : { outputEscape: ESCAPES[target] as OutputEscape }),
  });
  for (const name of Object.keys(liquid.tags)) if (!TAGS.has(name)) delete liquid.tags[name];
  for (const [name, filter] of Object.entries(liquid.filters)) {
    if (FILTERS.has(name)) liquid.registerFilter(name, guarded(name, filter));
    else liquid.unregisterFilter(name);
  }
  if (target === 'html') registerHtmlFilters(liquid);
  if (target !== 'text') liquid.registerTag('capture', target === 'html' ? HtmlCapture : UrlCapture);
  const emitterFor = target === 'url' ? urlEmitter : boundedEmitter;
  const renderTemplates = liquid.renderer.renderTemplates.bind(liquid.renderer);
  liquid.renderer.renderTemplates = (templates, context, emitter = emitterFor(context)) =>
    renderTemplates(templates, context, emitter);
  return liquid;
}

/** In HTML every output is escaped, so the filters that escape by themselves must not be escaped a second time. */
function registerHtmlFilters(liquid: Liquid): void {
  const escape = (value: unknown): string => escapeHtml(spell(value));
  const escapeOnce = (value: unknown): string => escapeHtmlOnce(spell(value));
  const withBreaks = (value: unknown): string => escapeOnce(value).replace(/\r?\n/g, '<br>\n');
  for (const [name, handler] of Object.entries({
    escape,
    xml_escape: escape,
    escape_once: escapeOnce,
    newline_to_br: withBreaks,
  }))
    liquid.registerFilter(name, guarded(name, { handler, raw: true }));
}
