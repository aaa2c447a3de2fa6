import { type AttachmentRef, type Block, type Content } from '../domain/content';
import { oneLine } from './escape';
import { createInterpolator } from './interpolate';
import { safeImage, safeLink } from './safe-url';

/** A link whose URL was refused stays as words: `url` is absent. */
export interface BodyAction {
  readonly text: string;
  readonly url?: string;
}

export interface BodyImage {
  readonly url?: string;
  readonly alt?: string;
}

/** What a message says, with every variable filled in and every URL checked, before it takes the shape of a channel. */
export interface Body {
  readonly title?: string;
  readonly text?: string;
  readonly html?: string;
  readonly blocks?: readonly Block[];
  readonly actions: readonly BodyAction[];
  readonly images: readonly BodyImage[];
  readonly files: readonly AttachmentRef[];
}

/** How the strings of one content are filled in: by data, or not at all. */
interface Filling {
  readonly text: (source: string) => string;
  readonly html: (source: string) => string;
  readonly url: (source: string) => string;
}

const asWritten = (source: string): string => source;
const LITERAL: Filling = { text: asWritten, html: asWritten, url: asWritten };

function fillingFrom(scope: object): Filling {
  const values = createInterpolator(scope);
  return {
    text: (source) => values.fill(source, 'text'),
    html: (source) => values.fill(source, 'html'),
    url: (source) => values.fillUrl(source),
  };
}

export function bodyAction(text: string, url: string): BodyAction {
  const safe = safeLink(url);
  return safe === undefined ? { text } : { text, url: safe };
}

function fillImage(fill: Filling, url: string, alt: string | undefined): BodyImage {
  const safe = safeImage(fill.url(url));
  const words = alt === undefined ? undefined : oneLine(fill.text(alt));
  return { ...(safe === undefined ? {} : { url: safe }), ...(words ? { alt: words } : {}) };
}

/** A block whose URL is refused becomes its words. */
function fillBlock(fill: Filling, block: Block): Block {
  switch (block.type) {
    case 'text':
      return { ...block, content: fill.text(block.content) };
    case 'html':
      return { ...block, content: fill.html(block.content) };
    case 'divider':
      return block;
    case 'action': {
      const { text, url } = bodyAction(fill.text(block.content), fill.url(block.href));
      return url === undefined
        ? { type: 'text', content: text }
        : { type: 'action', content: text, href: url };
    }
    case 'image': {
      const { url, alt } = fillImage(fill, block.src, block.alt);
      if (url === undefined) return { type: 'text', content: alt ?? '' };
      const href = block.href === undefined ? undefined : safeLink(fill.url(block.href));
      return { type: 'image', src: url, ...(alt ? { alt } : {}), ...(href ? { href } : {}) };
    }
  }
}

/** True where the content has nothing to say at all. Attachments, headers and links alone are no message. */
export function isEmptyContent(content: Content): boolean {
  const { title, text, html, blocks = [], images = [], files = [] } = content;
  return !title && !text && !html && blocks.length + images.length + files.length === 0;
}

/** Inline content, filled from `scope` where it asks for that (Courier), as written where not (Bird). */
export function contentBody(content: Content, scope: object): Body {
  const fill = content.interpolate ? fillingFrom(scope) : LITERAL;
  const { title, text, html, blocks } = content;
  return {
    ...(title === undefined ? {} : { title: oneLine(fill.text(title)) }),
    ...(text === undefined ? {} : { text: fill.text(text) }),
    ...(html === undefined ? {} : { html: fill.html(html) }),
    ...(blocks === undefined ? {} : { blocks: blocks.map((block) => fillBlock(fill, block)) }),
    actions: (content.actions ?? []).map(({ text: words, url }) =>
      bodyAction(fill.text(words), fill.url(url)),
    ),
    images: (content.images ?? []).map(({ url, alt }) => fillImage(fill, url, alt)),
    files: [...(content.files ?? []), ...(content.attachments ?? [])],
  };
}
