import { type AttachmentRef, type Content, type LinkAction } from '../../src/domain/content';
import { type Fault } from '../../src/domain/message-spec';
import { type BirdBody, RENDERED_BODY_TYPES, UNSUPPORTED_BODY_TYPES } from './body-schema';
import { fault } from './faults';
import { type BirdAttachment, FILES_MAX } from './template-schema';

type RenderedType = (typeof RENDERED_BODY_TYPES)[number];
/** What all rendered body types may have beside what they are. */
interface Decorated {
  readonly text?: string | undefined;
  readonly attachments?: readonly BirdAttachment[] | undefined;
  readonly actions?: readonly BirdAction[] | undefined;
  readonly metadata?: BodyMetadata | undefined;
}
interface BirdAction {
  readonly type: string;
  readonly link?: { readonly text: string; readonly url: string } | undefined;
}
export interface BodyMetadata {
  readonly clickTracking?: boolean | undefined;
  readonly openTracking?: boolean | undefined;
  readonly initialOpenTracking?: boolean | undefined;
  readonly subject?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

const isRendered = (type: string): type is RenderedType =>
  (RENDERED_BODY_TYPES as readonly string[]).includes(type);

/** Subject and headers that the body itself carries; `meta.email` wins over them. */
export function bodyMetadata(body: BirdBody | undefined): BodyMetadata | undefined {
  return body && isRendered(body.type) ? body[body.type]?.metadata : undefined;
}

/**
 * Bird's body in our words. Nothing is interpolated: a body says what it says. A type that no channel carries becomes
 * `unsupported`, and the message ends `rejected` when its turn comes.
 */
export function bodyToContent(body: BirdBody): { content?: Content; faults: readonly Fault[] } {
  const { type } = body;
  if ((UNSUPPORTED_BODY_TYPES as readonly string[]).includes(type)) {
    return { content: { interpolate: false, unsupported: type }, faults: [] };
  }
  if (!isRendered(type)) {
    const known = [...RENDERED_BODY_TYPES, ...UNSUPPORTED_BODY_TYPES].join(', ');
    return { faults: [fault('invalid_content', 'body.type', `must be one of ${known}`)] };
  }
  const carried = body[type];
  if (carried === undefined) {
    return { faults: [fault('invalid_content', `body.${type}`, `is required for a body of type ${type}`)] };
  }
  const content: Content = { ...mainPart(body, type), ...decorations(carried), interpolate: false };
  if ((content.files?.length ?? 0) + (content.attachments?.length ?? 0) > FILES_MAX) {
    const problem = `must have at most ${FILES_MAX} files and attachments in all`;
    return { faults: [fault('invalid_input', `body.${type}`, problem)] };
  }
  return isEmpty(content)
    ? { faults: [fault('invalid_content', `body.${type}`, 'has nothing to send')] }
    : { content, faults: [] };
}

function mainPart(body: BirdBody, type: RenderedType): Partial<Content> {
  const text = body[type]?.text;
  const words = text === undefined || text === '' ? {} : { text };
  switch (type) {
    case 'text':
      return words;
    case 'html':
      return { ...words, ...(body.html?.html ? { html: body.html.html } : {}) };
    case 'image':
      return {
        ...words,
        images: (body.image?.images ?? []).map(({ mediaUrl, altText }) => ({
          url: mediaUrl,
          ...(altText === undefined ? {} : { alt: altText }),
        })),
      };
    case 'file':
      return { ...words, files: (body.file?.files ?? []).map(toAttachment) };
  }
}

function decorations({ attachments, actions, metadata }: Decorated): Partial<Content> {
  const links = (actions ?? []).flatMap(toLink);
  return {
    ...(metadata?.subject === undefined ? {} : { title: metadata.subject }),
    ...(attachments?.length ? { attachments: attachments.map(toAttachment) } : {}),
    ...(links.length ? { actions: links } : {}),
  };
}

/** Only links can be appended to a text; reply, locationRequest, buy and postback are kept and not shown. */
function toLink({ type, link }: BirdAction): LinkAction[] {
  return type === 'link' && link ? [{ text: link.text, url: link.url }] : [];
}

export function toAttachment(given: {
  mediaUrl: string;
  filename?: string | undefined;
  contentType?: string | undefined;
  inline?: boolean | undefined;
}): AttachmentRef {
  return {
    url: given.mediaUrl,
    ...(given.filename ? { filename: given.filename } : {}),
    ...(given.contentType ? { contentType: given.contentType } : {}),
    ...(given.inline === undefined ? {} : { inline: given.inline }),
  };
}

function isEmpty({ text, html, images, files, attachments, actions }: Content): boolean {
  const hasWords = [text, html].some((words) => words !== undefined && words.trim() !== '');
  return !hasWords && ![images, files, attachments, actions].some((list) => list?.length);
}
