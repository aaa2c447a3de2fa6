import { z } from 'zod';
import { VolleyError } from '../src/domain/errors';
import { FAN_OUTS, GUARANTEES, type FanOut, type Guarantee } from '../src/domain/states';
import { ours } from './ours';

/** The header for options that neither Courier nor Bird has: every SDK can send one. */
export const VOLLEY_OPTIONS_HEADER = 'Volley-Options';

export interface VolleyOptions {
  readonly guarantee: Guarantee;
  /** Absent: as the workspace has it. Of a bulk job only. */
  readonly fanOut?: FanOut;
  /** Absent: the workspace's setting counts, unless a message says itself. */
  readonly linkTracking?: boolean;
}

const KNOWN: Readonly<Record<keyof VolleyOptions, readonly string[]>> = {
  guarantee: GUARANTEES,
  fanOut: FAN_OUTS,
  linkTracking: ['on', 'off'],
};
/** Messages that are sent as they come have a workflow each: there is nothing to fan out. */
const { fanOut: _ofJobs, ...KNOWN_OF_MESSAGES } = KNOWN;
const DEFAULTS: VolleyOptions = { guarantee: 'at_least_once' };

const FAN_OUT_TEXT =
  '`fanOut=workflow` (a child workflow for each recipient) or `fanOut=page` (for large jobs), else as the workspace has it; ';

/** The header's place in the OpenAPI document. */
export function volleyOptionsHeader(of: 'job' | 'messages') {
  const header = z
    .string()
    .optional()
    .meta({
      description: ours(
        '`guarantee=at_least_once` (default) or `guarantee=at_most_once`; ' +
          (of === 'job' ? FAN_OUT_TEXT : '') +
          '`linkTracking=on` or `off`. Several by commas.',
      ),
      example: `guarantee=at_most_once, ${of === 'job' ? 'fanOut=page' : 'linkTracking=on'}`,
    });
  return z.object({ [VOLLEY_OPTIONS_HEADER]: header });
}

/**
 * Reads `key=value, key=value`; spaces do not matter, an absent or empty header means the defaults.
 * Throws invalid_request, naming what exists, for an unknown key or value and for a key given twice: a misspelt guarantee
 * must not quietly become the default one. So is an option that the call has no use for.
 */
export function parseVolleyOptions(header: string | undefined, of: 'job' | 'messages'): VolleyOptions {
  const known: Readonly<Record<string, readonly string[]>> = of === 'job' ? KNOWN : KNOWN_OF_MESSAGES;
  const given = new Map<string, string>();
  for (const part of (header ?? '').split(',')) {
    if (part.trim() === '') continue;
    const [key = '', ...rest] = part.split('=');
    const name = key.trim();
    const value = rest.join('=').trim();
    const allowed = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!allowed)
      throw refuse(`no option is called "${name}" here; there is ${Object.keys(known).join(', ')}`);
    if (given.has(name)) throw refuse(`"${name}" is given twice`);
    if (!allowed.includes(value)) throw refuse(`"${name}" is one of ${allowed.join(', ')}, not "${value}"`);
    given.set(name, value);
  }
  const fanOut = given.get('fanOut') as FanOut | undefined;
  const linkTracking = given.get('linkTracking');
  return {
    guarantee: (given.get('guarantee') as Guarantee | undefined) ?? DEFAULTS.guarantee,
    ...(fanOut === undefined ? {} : { fanOut }),
    ...(linkTracking === undefined ? {} : { linkTracking: linkTracking === 'on' }),
  };
}

function refuse(problem: string): VolleyError {
  return new VolleyError('invalid_request', `The header ${VOLLEY_OPTIONS_HEADER} is not valid.`, {
    details: [{ at: `headers.${VOLLEY_OPTIONS_HEADER}`, problem }],
  });
}
