import { LiquidError, type Liquid, type Template } from 'liquidjs';
import { createDialect, MAX_SOURCE_CHARS, type LiquidTarget } from './liquid-dialect';
import { createTemplateCache } from './template-cache';

/** One Liquid string of a message, and where its output goes. `field` names it in errors. */
export interface Piece {
  readonly field: string;
  readonly source: string;
  readonly target: LiquidTarget;
}

export interface LiquidEngine {
  /** The outputs, in the order of the pieces. Throws a PieceError. */
  render(pieces: readonly Piece[], scope: object): string[];
  /** Throws a PieceError where the source is no template that would be rendered. */
  check(piece: Piece): void;
}

/** Why a piece could not be parsed or rendered; the message quotes the template at most, never the data. */
export class PieceError extends Error {}

/** Parsing is quadratic in the number of tags (25,000 take 2 s); 5,000 take 20 ms. */
const MAX_TAGS = 5_000;

/** The words of a Liquid error that come from the template or from the engine, never from the data. */
function explain(error: unknown): string {
  if (!LiquidError.is(error)) return error instanceof RangeError ? 'nested too deeply' : 'the template threw';
  const place = /line:\d+, col:\d+/.exec(error.message)?.[0] ?? '';
  if (error.name !== 'RenderError') return error.message.slice(0, 200);
  const limit = /(?:memory alloc|template render) limit exceeded/.exec(error.message)?.[0];
  return `${limit ?? 'the template threw'}${place && ` at ${place}`}`;
}

/**
 * Liquid as Volley speaks it: strings only, own properties only, nothing that reaches files, network or environment,
 * and limits on source, tags, time and memory. The limits are cooperative: see liquid-pool.ts for what they miss.
 */
export function createLiquidEngine(): LiquidEngine {
  const dialects = new Map<LiquidTarget, Liquid>();
  const cache = createTemplateCache<Template[]>();

  function dialectOf(target: LiquidTarget): Liquid {
    const known = dialects.get(target) ?? createDialect(target);
    dialects.set(target, known);
    return known;
  }

  function parse({ source, target }: Piece): Template[] {
    if (source.length > MAX_SOURCE_CHARS) throw new PieceError(`longer than ${MAX_SOURCE_CHARS} characters`);
    if (source.split(/\{[{%]/, MAX_TAGS + 2).length > MAX_TAGS + 1)
      throw new PieceError(`more than ${MAX_TAGS} tags`);
    return dialectOf(target).parse(source);
  }

  function attempt<T>(piece: Piece, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw new PieceError(`${piece.field}: ${error instanceof PieceError ? error.message : explain(error)}`);
    }
  }

  return {
    check: (piece) => void attempt(piece, () => parse(piece)),
    render: (pieces, scope) =>
      pieces.map((piece) =>
        attempt(piece, () => {
          const compiled = cache.get(`${piece.target}:${piece.source}`, () => parse(piece));
          return String(dialectOf(piece.target).renderSync(compiled, scope));
        }),
      ),
  };
}
