import { CaptureTag, Drop, defaultOperators, type Context } from 'liquidjs';

/**
 * What `capture` took in HTML: its values were escaped when it was taken, so it is printed as it stands. To Liquid itself
 * a Drop is its value, but for what is written below.
 */
export class Captured extends Drop {
  constructor(readonly text: string) {
    super();
  }

  get size(): number {
    return this.text.length;
  }

  override valueOf(): string {
    return this.text;
  }
}

/** The text of what was captured; any other value as it is. */
export function textOf(value: unknown): unknown {
  return value instanceof Captured ? value.text : value;
}

/** The `capture` of HTML: marks what it takes. */
export class HtmlCapture extends CaptureTag {
  override *render(context: Context): Generator<unknown, void, string> {
    yield* super.render(context);
    const scope = context.bottom() as Record<string, unknown>;
    scope[this.variable] = new Captured(String(scope[this.variable]));
  }
}

/** Liquid compares with `blank` by what is a string, which a Drop is not. */
export const CAPTURE_OPERATORS: typeof defaultOperators = Object.fromEntries(
  Object.entries(defaultOperators).map(([name, operate]) => [
    name,
    (left: unknown, right: unknown, context: Context) => operate(textOf(left), textOf(right), context),
  ]),
);

/** Filters that only take space away, or what stands at the ends: the rest of captured text is as safe as it was. */
const TRIMMING: ReadonlySet<string> = new Set(
  'lstrip normalize_whitespace rstrip squish strip strip_newlines'.split(' '),
);

/** What a filter made of a captured value: captured still where nothing was added to it, else a text like any other. */
export function afterFilter(name: string, given: Captured, made: unknown): unknown {
  const kept = TRIMMING.has(name) || (name === 'default' && made === given.text);
  return kept && typeof made === 'string' ? new Captured(made) : made;
}
