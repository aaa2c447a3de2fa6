import {
  type DefaultTreeAdapterTypes,
  type ParserOptions,
  type TreeAdapter,
  type DefaultTreeAdapterMap,
  defaultTreeAdapter,
  Parser,
  Tokenizer,
  TokenizerMode,
} from 'parse5';

export type HtmlElement = DefaultTreeAdapterTypes.Element;

/** Why a body was not read: it is larger or stranger than any newsletter, and reading it could take minutes. */
export class HtmlTooComplex extends Error {}

/** Ten times what Gmail shows before it cuts a mail off. */
const MAX_HTML_CHARS = 1_000_000;
/** Looking for an open paragraph walks the open elements: 20,000 nested ones take seconds, 256 nothing. */
const MAX_DEPTH = 256;
/** Unclosed formatting is opened again in each paragraph, so a small body can grow into millions of elements. */
const MAX_ELEMENTS = 50_000;
/** Each attribute is compared with all before it: 20,000 in one tag take seconds, 500 nothing. */
const MAX_ATTRIBUTES = 500;

class BoundedTokenizer extends Tokenizer {
  private attributes = 0;

  protected override _createStartTagToken(): void {
    this.attributes = 0;
    super._createStartTagToken();
  }

  protected override _createEndTagToken(): void {
    this.attributes = 0;
    super._createEndTagToken();
  }

  protected override _createAttr(first: string): void {
    this.attributes += 1;
    if (this.attributes > MAX_ATTRIBUTES)
      throw new HtmlTooComplex(`A tag has more than ${MAX_ATTRIBUTES} attributes.`);
    super._createAttr(first);
  }
}

export interface ParsedHtml {
  /** Every element that the parser made, each with its place in the source; clones share one place. */
  readonly elements: readonly HtmlElement[];
  /** True when the end of the source is in the open: not inside a tag, a comment or an element that takes only text. */
  readonly endsInTheOpen: boolean;
}

/**
 * Reads HTML as browsers do, in a time that grows with its length and not with its square: at the limits about a second.
 * @throws HtmlTooComplex beyond the limits above.
 */
export function parseHtml(html: string): ParsedHtml {
  if (html.length > MAX_HTML_CHARS)
    throw new HtmlTooComplex(`The HTML has more than ${MAX_HTML_CHARS} characters.`);
  const elements: HtmlElement[] = [];
  const options: ParserOptions<DefaultTreeAdapterMap> = {
    sourceCodeLocationInfo: true,
    // Mail clients run no scripts, so what stands in <noscript> is shown and can be clicked.
    scriptingEnabled: false,
    treeAdapter: boundedAdapter(elements),
  };
  const parser = new Parser(options);
  parser.tokenizer = new BoundedTokenizer(options, parser);
  parser.tokenizer.write(html, true);
  return { elements, endsInTheOpen: parser.tokenizer.state === TokenizerMode.DATA };
}

function boundedAdapter(elements: HtmlElement[]): TreeAdapter<DefaultTreeAdapterMap> {
  let depth = 0;
  return {
    ...defaultTreeAdapter,
    createElement(...given) {
      if (elements.length >= MAX_ELEMENTS)
        throw new HtmlTooComplex(`The HTML has more than ${MAX_ELEMENTS} elements.`);
      const element = defaultTreeAdapter.createElement(...given);
      elements.push(element);
      return element;
    },
    onItemPush() {
      depth += 1;
      if (depth > MAX_DEPTH) throw new HtmlTooComplex(`The HTML is more than ${MAX_DEPTH} elements deep.`);
    },
    onItemPop() {
      depth -= 1;
    },
  };
}
