import { CaptureTag, type Context, type Emitter } from 'liquidjs';
import { escapeFor } from './escape';

/** A value on its way into a URL: what stands before it decides how it is escaped. */
export class UrlValue {
  constructor(readonly text: string) {}
}

/** Liquid's own way to print a value, on JSON values. */
export function spell(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(spell).join('');
  if (value instanceof UrlValue) return value.text;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : JSON.stringify(value);
}

/** Liquid counts the objects that filters make but not its output, and a loop makes gigabytes of that in a blink. */
export function boundedEmitter(context: Context, toText: (value: unknown) => string = spell): Emitter {
  return {
    buffer: '',
    write(value: unknown) {
      const text = toText(value);
      context.memoryLimit.use(text.length);
      this.buffer += text;
    },
  };
}

/** For one URL: a value that opens it may bring a whole URL, one further in is encoded as a part of it. */
export function urlEmitter(context: Context): Emitter {
  let begun = false;
  return boundedEmitter(context, (value) => {
    const text =
      value instanceof UrlValue ? escapeFor(begun ? 'urlPart' : 'urlStart', value.text) : spell(value);
    begun ||= text.trim() !== '';
    return text;
  });
}

/** In a URL nothing is escaped before it has its place: what is captured is a value like any other. */
export class UrlCapture extends CaptureTag {
  override *render(context: Context): Generator<unknown, void, string> {
    const { renderer } = this.liquid;
    const scope = context.bottom() as Record<string, unknown>;
    scope[this.variable] = yield renderer.renderTemplates(this.templates, context, boundedEmitter(context));
  }
}
