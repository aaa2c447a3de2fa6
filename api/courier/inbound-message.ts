import { type Content, type TemplateRef } from '../../src/domain/content';
import { type ErrorDetail } from '../../src/domain/errors';
import { type JobSpec } from '../../src/domain/message-spec';
import { fromElemental } from '../../src/templates/elemental';
import { readGateFields } from './gate-wishes';
import { createJobBody, NAME_MAX_LENGTH, type InboundBulkMessage, type SendFields } from './message-schema';
import { readLinkFields } from './link-wishes';
import { readMetadata } from './metadata';
import { readRouting } from './routing';
import { invalidRequest, validateBody } from './validate';
import { eventOf, whatIsSent } from './what-is-sent';

/** Read for every message of a job, whatever its language: a megabyte of data, that by language and utm with it, is a file. */
const DATA_MAX_BYTES = 1_000_000;
/** Every call about a job reads its definition: data at its largest beside content at its longest. */
const DEFINITION_MAX_BYTES = 2_000_000;

export interface InboundJob {
  readonly spec: JobSpec;
  /** The message as it came, with `event` filled from the template where it was absent. */
  readonly definition: Readonly<Record<string, unknown>>;
}

/**
 * Translates the body of `POST /bulk`, received at `nowMs` (epoch). The outer fields are the defaults of the nested message's.
 * Throws invalid_request that names every path at fault.
 */
export function readInboundJob(body: unknown, nowMs = Date.now(), linkTracking?: boolean): InboundJob {
  const { message } = validateBody(createJobBody, body);
  const { spec, problems } = readMessageSpec(message, 'message', nowMs, linkTracking);
  if (problems.length > 0) throw invalidRequest(problems);
  return { spec, definition: definitionOf((body as { message: Record<string, unknown> }).message) };
}

/** What a message says, how it is routed, by what it is found. `at`: where it stands in the body; `nowMs`: epoch ms. */
export function readMessageSpec(
  message: InboundBulkMessage,
  at: string,
  nowMs: number,
  linkTracking?: boolean,
): { spec: JobSpec; problems: readonly ErrorDetail[] } {
  const nested = message.message ?? {};
  const { what, brand: contentsBrand, problems } = readWhat(message);
  const data = { ...message.data, ...nested.data };

  const routing = nested.routing ?? message.routing;
  const route = routing
    ? readRouting(routing, nested.routing ? `${at}.message.routing` : `${at}.routing`)
    : undefined;
  problems.push(...(route?.problems ?? []));
  const metadata = readMetadata(
    {
      metadata: { ...message.metadata, ...nested.metadata },
      context: { ...message.context, ...nested.context },
    },
    nested.metadata || nested.context ? `${at}.message` : at,
  );
  problems.push(...metadata.problems);
  const asked = [readGateFields(message, at, nowMs), readGateFields(nested, `${at}.message`, nowMs)];
  problems.push(...asked.flatMap((reading) => reading.problems));

  const locale = localeOf(nested.locale ?? message.locale);
  const links = readLinkFields([message, nested], linkTracking);
  problems.push(
    // The first form of a send has its fields in the body itself.
    ...oversize(
      [data, locale.dataByLocale, links?.utm],
      at === 'body' ? 'data' : `${at}.data`,
      DATA_MAX_BYTES,
    ),
    ...oversize([message], at, DEFINITION_MAX_BYTES),
  );

  const brand = brandOf(nested) ?? brandOf(message) ?? contentsBrand;
  const spec: JobSpec = {
    ...what,
    data,
    ...(message.event ? { event: message.event } : {}),
    ...locale,
    ...(brand ? { brand } : {}),
    ...(route && route.kinds.length > 0 ? { route: route.kinds } : {}),
    ...metadata.fields,
    ...(links ? { links } : {}),
    ...(asked.some(({ gates }) => gates) ? { gates: { ...asked[0]?.gates, ...asked[1]?.gates } } : {}),
  };
  return { spec, problems };
}

interface What {
  readonly content?: Content;
  readonly template?: TemplateRef;
}

/** `brand`: what Elemental names itself, for where the message names none. */
function readWhat(message: InboundBulkMessage): { what: What; brand?: string; problems: ErrorDetail[] } {
  const sent = whatIsSent(message);
  if (sent.kind === 'template') return { what: { template: { id: sent.id } }, problems: [] };
  if (sent.kind === 'nothing') {
    const problem =
      'nothing to send; give one of message.content, message.template, content, template or event';
    return { what: {}, problems: [{ at: 'message', problem }] };
  }
  const at = `message.${sent.at}`;
  const read = fromElemental(sent.content);
  if (!read.ok) return { what: {}, problems: read.problems.map((problem) => ({ at, problem })) };
  const what = { content: read.content };
  const { brand } = sent.content as { brand?: unknown };
  if (brand == null) return { what, problems: [] };
  if (typeof brand === 'string' && brand !== '' && brand.length <= NAME_MAX_LENGTH) {
    return { what, brand, problems: [] };
  }
  const problem = `must be the slug of a brand: text of 1 to ${NAME_MAX_LENGTH} characters`;
  return { what, problems: [{ at: `${at}.brand`, problem }] };
}

function oversize(parts: readonly unknown[], at: string, maxBytes: number): ErrorDetail[] {
  const given = parts.filter((part) => part !== undefined);
  const bytes = given.reduce<number>((sum, part) => sum + Buffer.byteLength(JSON.stringify(part)), 0);
  return bytes <= maxBytes ? [] : [{ at, problem: `${bytes} bytes of JSON; at most ${maxBytes}` }];
}

function brandOf(fields: SendFields): string | undefined {
  return fields.brand ?? fields.brand_id ?? undefined;
}

function localeOf(locale: InboundBulkMessage['locale']): Pick<JobSpec, 'locale' | 'dataByLocale'> {
  if (locale == null) return {};
  return typeof locale === 'string' ? { locale } : { dataByLocale: locale };
}

function definitionOf(message: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const event = eventOf(message);
  return message['event'] == null && event !== undefined ? { ...message, event } : message;
}
