import {
  type Content,
  type Rendered,
  type TemplateContent,
  type TemplateVariant,
} from '../../../src/domain/content';
import { type RenderInput, type Renderer, type RenderResult } from '../../../src/templates/render';

/** A message to somebody with nothing special about them; say what is. */
export function message(more: Partial<RenderInput>): RenderInput {
  return { workspaceId: 'ours', kind: 'email', data: {}, recipient: { id: 'ann' }, ...more };
}

export function inline(content: Omit<Content, 'interpolate'>, interpolate = true): { content: Content } {
  return { content: { ...content, interpolate } };
}

export function templateOf(
  variant: TemplateVariant,
  more: Partial<TemplateContent> = {},
): { template: TemplateContent } {
  return { template: { defaultLocale: 'en', locales: { en: { default: variant } }, ...more } };
}

export async function renderedBy(renderer: Renderer, more: Partial<RenderInput>): Promise<Rendered> {
  const result: RenderResult = await renderer.render(message(more));
  if (!result.ok) throw new Error(`${result.reason}: ${result.detail}`);
  return result.rendered;
}
