import { type z } from 'zod';
import { type Fault } from '../../src/domain/message-spec';
import { type RejectReason } from '../../src/domain/reasons';

/** A description must stay readable, and a hostile element may hold a hundred thousand faults. */
const FAULTS_MAX = 50;
const PATH_MAX_CHARS = 200;

/** What comes before all others, in this order; the rest keeps the order in which it was found. */
const FIRST: readonly RejectReason[] = ['cap_not_allowed', 'invalid_input', 'schedule_too_far'];

export function fault(reason: RejectReason, at: string, problem: string): Fault {
  const path = at.length > PATH_MAX_CHARS ? `${at.slice(0, PATH_MAX_CHARS)}…` : at;
  return { reason, description: path === '' ? problem : `${path}: ${problem}` };
}

/**
 * The faults of one element in the order in which they are told: the first gives the failure code (issue 3, part 4).
 * At most 50 are named, and how many more there are.
 */
export function orderFaults(faults: readonly Fault[]): readonly Fault[] {
  const rank = ({ reason }: Fault): number => {
    const place = (FIRST as readonly string[]).indexOf(reason);
    return place < 0 ? FIRST.length : place;
  };
  const ordered = faults.toSorted((a, b) => rank(a) - rank(b));
  if (ordered.length <= FAULTS_MAX) return ordered;
  const hidden = ordered.length - FAULTS_MAX;
  return [...ordered.slice(0, FAULTS_MAX), fault('invalid_input', '', `and ${hidden} more`)];
}

/** `['body', 'text', 'actions', 0, 'link']` as `body.text.actions[0].link`. */
export function toPath(segments: readonly PropertyKey[]): string {
  return segments.reduce<string>((path, segment) => {
    if (typeof segment === 'number') return `${path}[${segment}]`;
    return path === '' ? String(segment) : `${path}.${String(segment)}`;
  }, '');
}

/** A schema's complaint in one phrase; never the value itself, which may be somebody's address. */
export function wordIssue(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.message.endsWith('received undefined')
        ? `is required, as ${article(issue.expected)}`
        : `must be ${article(issue.expected)}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'too_big':
      return `must ${measure(issue.origin)} at most ${issue.maximum}${unit(issue.origin)}`;
    case 'too_small':
      if (issue.origin !== 'number' && issue.origin !== 'int' && issue.minimum === 1)
        return 'must not be empty';
      return `must ${measure(issue.origin)} at least ${issue.minimum}${unit(issue.origin)}`;
    case 'invalid_key':
      return issue.issues.map((inner) => inner.message).join('; ');
    default:
      return issue.message;
  }
}

function article(expected: string): string {
  const noun = { int: 'whole number', record: 'object' }[expected] ?? expected;
  return /^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`;
}

function measure(origin: string): string {
  return origin === 'number' || origin === 'int' ? 'be' : 'have';
}

function unit(origin: string): string {
  return origin === 'string' ? ' characters' : origin === 'array' ? ' entries' : '';
}
