import { type AttachmentRef, type TemplateRef } from '../../src/domain/content';
import { type Fault } from '../../src/domain/message-spec';
import { fault } from './faults';
import { toAttachment } from './body-to-content';
import { type BirdParameter, type BirdTemplate } from './template-schema';

/** Names that would reach an object's prototype rather than one of its members. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

export interface TemplateUse {
  readonly template?: TemplateRef;
  readonly data: Readonly<Record<string, unknown>>;
  readonly attachments: readonly AttachmentRef[];
  readonly faults: readonly Fault[];
}

/**
 * Which stored template, and what fills it: `variables`, with `parameters` merged over them. Whether it exists is decided
 * when the message is validated, so that templates are looked up in one place for every door.
 */
export function readTemplate(given: BirdTemplate): TemplateUse {
  const id = given.projectId || given.name;
  const parameters = (given.parameters ?? []).map(readParameter);
  const merged = new Map<string, unknown>(Object.entries(given.variables ?? {}));
  for (const { key, value, problem } of parameters) if (problem === undefined) merged.set(key, value);
  return {
    ...(id ? { template: toRef(id, given) } : {}),
    data: Object.fromEntries(merged),
    attachments: (given.attachments ?? []).map(toAttachment),
    faults: [
      ...parameters.flatMap(({ problem }, index) =>
        problem === undefined ? [] : [fault('invalid_input', `template.parameters[${index}]`, problem)],
      ),
      ...(id ? [] : [fault('invalid_content', 'template.projectId', 'must name a template')]),
    ],
  };
}

function toRef(id: string, { version, locale }: BirdTemplate): TemplateRef {
  return { id, ...(version ? { version } : {}), ...(locale ? { locale } : {}) };
}

function readParameter({ key, type, value }: BirdParameter): {
  key: string;
  value: unknown;
  problem?: string;
} {
  if (FORBIDDEN_KEYS.has(key)) return { key, value, problem: 'has a key that is not allowed' };
  const typed = toType(type, value);
  return typed === undefined
    ? { key, value, problem: `has a value that is no ${type}` }
    : { key, value: typed };
}

/** The value as its type says, or undefined. Clients write numbers and booleans as strings too: both spellings do. */
function toType(type: string, value: unknown): unknown {
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : undefined;
    case 'number': {
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
      return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
    }
    case 'boolean':
      if (typeof value === 'boolean') return value;
      return value === 'true' ? true : value === 'false' ? false : undefined;
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
    default:
      return value ?? null;
  }
}
