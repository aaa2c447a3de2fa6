import { type ErrorDetail } from '../../src/domain/errors';
import { type JobSpec } from '../../src/domain/message-spec';

/** Courier's bounds (courier-api.md §1.5). */
const TAGS_MAX = 9;
const TAG_MAX_CHARS = 30;
const NAME_MAX_CHARS = 256;

type Bag = Readonly<Record<string, unknown>> | null | undefined;

export interface MetadataReading {
  readonly fields: Pick<JobSpec, 'tags' | 'traceId' | 'tenantId'>;
  readonly problems: readonly ErrorDetail[];
}

/** What of `metadata` and `context` messages are found by. `at`: where the message stands in the body. */
export function readMetadata(given: { metadata?: Bag; context?: Bag }, at: string): MetadataReading {
  const problems: ErrorDetail[] = [];
  const name = (value: unknown, where: string): string | undefined => {
    if (value == null || value === '') return undefined;
    if (typeof value === 'string' && value.length <= NAME_MAX_CHARS) return value;
    problems.push({ at: `${at}.${where}`, problem: `must be text of at most ${NAME_MAX_CHARS} characters` });
    return undefined;
  };
  const traceId = name(given.metadata?.['trace_id'], 'metadata.trace_id');
  const tenantId = name(given.context?.['tenant_id'], 'context.tenant_id');
  const tags = given.metadata?.['tags'] ?? [];
  if (!isTags(tags)) {
    const problem = `must be at most ${TAGS_MAX} texts of at most ${TAG_MAX_CHARS} characters`;
    problems.push({ at: `${at}.metadata.tags`, problem });
    return { fields: {}, problems };
  }
  const fields = {
    ...(tags.length > 0 ? { tags: [...new Set(tags)] } : {}),
    ...(traceId === undefined ? {} : { traceId }),
    ...(tenantId === undefined ? {} : { tenantId }),
  };
  return { fields, problems };
}

function isTags(value: unknown): value is string[] {
  return (
    Array.isArray(value) &&
    value.length <= TAGS_MAX &&
    value.every((tag) => typeof tag === 'string' && tag.length > 0 && tag.length <= TAG_MAX_CHARS)
  );
}
