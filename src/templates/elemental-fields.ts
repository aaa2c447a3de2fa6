type Node = Readonly<Record<string, unknown>>;

/** A document that is wrong in more places is read no further: it is told to people, who mend the first ones. */
export const MAX_PROBLEMS = 100;

export function isRecord(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The string in a field; undefined, and a problem noted, where there is none. */
export function stringField(node: Node, field: string, path: string, problems: string[]): string | undefined {
  const value = Object.hasOwn(node, field) ? node[field] : undefined;
  if (typeof value === 'string') return value;
  problems.push(`${path === '' ? field : `${path}.${field}`} must be a string`);
  return undefined;
}

/** A text's parts: strings as they are, links as `text (url)`, for a text block has no room for markup. */
function inlinePart(part: unknown, path: string, problems: string[]): string {
  if (!isRecord(part)) {
    problems.push(`${path} must be an object`);
    return '';
  }
  const content = stringField(part, 'content', path, problems) ?? '';
  if (part['type'] === 'string') return content;
  if (part['type'] === 'link') return `${content} (${stringField(part, 'href', path, problems) ?? ''})`;
  problems.push(`${path}.type must be "string" or "link"`);
  return '';
}

/** The words of a text or quote node: its `content`, else its inline `elements` in a row. */
export function inlineText(node: Node, path: string, problems: string[]): string | undefined {
  const { elements } = node;
  if (node['content'] !== undefined || !Array.isArray(elements))
    return stringField(node, 'content', path, problems);
  const words: string[] = [];
  for (const [index, part] of elements.entries()) {
    if (problems.length >= MAX_PROBLEMS) break;
    words.push(inlinePart(part, `${path}.elements[${index}]`, problems));
  }
  return words.join('');
}
