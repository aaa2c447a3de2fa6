import { type Block } from '../domain/content';
import { type BodyAction, type BodyImage } from './body';
import { escapeHtml } from './escape';

/** Text as HTML: blank lines part paragraphs, single line breaks stay. */
function withBreaks(text: string): string {
  return escapeHtml(text).replace(/\r?\n/g, '<br>\n');
}

export function paragraphs(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .split(/\n{2,}/)
    .filter((part) => part.trim() !== '')
    .map((part) => `<p>${withBreaks(part)}</p>`)
    .join('\n');
}

function textHtml(content: string, style: (Block & { type: 'text' })['style']): string {
  switch (style) {
    case 'h1':
    case 'h2':
      return `<${style}>${withBreaks(content)}</${style}>`;
    case 'subtext':
      return `<p><small>${withBreaks(content)}</small></p>`;
    case 'quote':
      return `<blockquote>${paragraphs(content)}</blockquote>`;
    case 'text':
    case undefined:
      return paragraphs(content);
  }
}

function linkHtml(text: string, url: string): string {
  return `<p><a href="${escapeHtml(url)}">${escapeHtml(text)}</a></p>`;
}

export function imageHtml(url: string, alt: string, href?: string): string {
  const image = `<img src="${escapeHtml(url)}" alt="${escapeHtml(alt)}" style="max-width:100%">`;
  return `<p>${href === undefined ? image : `<a href="${escapeHtml(href)}">${image}</a>`}</p>`;
}

/** Blocks as HTML for an e-mail. Only `html` blocks are taken as markup. */
export function blocksHtml(blocks: readonly Block[]): string {
  return blocks
    .map((block) => {
      switch (block.type) {
        case 'text':
          return textHtml(block.content, block.style);
        case 'action':
          return linkHtml(block.content, block.href);
        case 'image':
          return imageHtml(block.src, block.alt ?? '', block.href);
        case 'divider':
          return '<hr>';
        case 'html':
          return block.content;
      }
    })
    .join('\n');
}

/** `text: url`, whichever of the two is there. */
function line(...parts: readonly (string | undefined)[]): string {
  return parts.filter(Boolean).join(': ');
}

/** Blocks as plain text, parted by blank lines. `plainOf` turns the markup of `html` blocks into text. */
export async function blocksText(
  blocks: readonly Block[],
  plainOf: (html: string) => Promise<string>,
): Promise<string> {
  const parts = blocks.map(async (block) => {
    switch (block.type) {
      case 'text':
        return block.style === 'quote' ? block.content.replace(/^/gm, '> ') : block.content;
      case 'action':
        return line(block.content, block.href);
      case 'image':
        return line(block.alt, block.href ?? block.src);
      case 'divider':
        return '---';
      case 'html':
        return plainOf(block.content);
    }
  });
  return (await Promise.all(parts)).filter((part) => part.trim() !== '').join('\n\n');
}

/** Pictures and links that decorate a body, for the end of its HTML. */
export function extrasHtml(images: readonly BodyImage[], actions: readonly BodyAction[]): string {
  const pictures = images.map(({ url, alt }) => (url ? imageHtml(url, alt ?? '') : paragraphs(alt ?? '')));
  const links = actions.map(({ text, url }) => (url ? linkHtml(text, url) : paragraphs(text)));
  return [...pictures, ...links].filter(Boolean).join('\n');
}

/** The same for the end of its text: one line each. */
export function extrasLines(images: readonly BodyImage[], actions: readonly BodyAction[]): string[] {
  return [
    ...images.map(({ url, alt }) => line(alt, url)),
    ...actions.map(({ text, url }) => line(text, url)),
  ].filter((one) => one !== '');
}

export function fileLine(filename: string | undefined, url: string): string {
  return line(filename, url);
}
