import { v7 as uuidv7 } from 'uuid';
import { type z } from 'zod';
import { type Content } from '../../src/domain/content';
import { type ErrorDetail } from '../../src/domain/errors';
import { type ChannelKind } from '../../src/domain/kinds';
import { type Fault, type MessageSpec } from '../../src/domain/message-spec';
import { bodyMetadata, bodyToContent } from './body-to-content';
import { messageRequestSchema } from './element-schema';
import { readEmailFields } from './email-fields';
import { fault, orderFaults, toPath, wordIssue } from './faults';
import { readGateWishes } from './gate-wishes';
import { readLinkWishes } from './link-wishes';
import { withoutNulls } from './nulls';
import { readReceiver } from './receiver';
import { salvage } from './salvage';
import { isTooLarge, isTooLong, remainsOf, VALUES_MAX } from './size';
import { readTemplate, type TemplateUse } from './template-ref';
import { readTiming } from './timing';

/** `receiver` may have been left out as faulty: the rules after the schema then do without it. */
const lenientSchema = messageRequestSchema.partial({ receiver: true });
type Lenient = z.infer<typeof lenientSchema>;

export interface ElementContext {
  readonly channelId: string;
  readonly kind: ChannelKind;
  readonly acceptedAtMs: number;
  /** What the call says for messages that do not say themselves. */
  readonly linkTracking?: boolean | undefined;
  /** Parts of the element that could not be kept as sent; `at` is relative to the element. */
  readonly poison: readonly ErrorDetail[];
}

export interface Element {
  readonly spec: MessageSpec;
  /** The element as sent, field for field; of one over 200 KB only what it is known by. */
  readonly echo: unknown;
}

/**
 * One messageRequest in our words. Never throws: whatever is wrong in it, even that it is no object at all, becomes a fault
 * and the message ends `rejected` with all of them named.
 */
export function readElement(sent: unknown, context: ElementContext): Element {
  const faults: Fault[] = context.poison.map(({ at, problem }) => fault('invalid_input', at, problem));
  const tooLong = isTooLong(sent);
  const echo = tooLong ? remainsOf(sent) : sent;
  const { fields, issues } = tooLong ? TOO_LONG : parse(echo);
  faults.push(...issues);
  const { faults: found, ...spec } = assemble(fields, echo, context);
  const all = orderFaults([...faults, ...found]);
  return { spec: all.length ? { ...spec, faults: all } : spec, echo };
}

const TOO_LONG: ReturnType<typeof parse> = {
  fields: undefined,
  issues: [fault('invalid_input', 'message', 'is over 200 KB: send less in one message')],
};

/** Fields that are sound, and the schema's complaints about the others. */
function parse(echo: unknown): { fields: Lenient | undefined; issues: readonly Fault[] } {
  if (isTooLarge(echo)) {
    const problem = `has more than ${VALUES_MAX} values beside its variables: send less in one message`;
    return { fields: undefined, issues: [fault('invalid_input', 'message', problem)] };
  }
  const bare = withoutNulls(echo);
  const strict = messageRequestSchema.safeParse(bare);
  if (strict.success) return { fields: strict.data, issues: [] };
  const { issues } = strict.error;
  return {
    fields: salvage(lenientSchema, bare, issues),
    issues: issues.map((issue) => fault('invalid_input', toPath(issue.path) || 'message', wordIssue(issue))),
  };
}

function assemble(
  fields: Lenient | undefined,
  echo: unknown,
  { channelId, kind, acceptedAtMs, linkTracking }: ElementContext,
): MessageSpec & { faults: readonly Fault[] } {
  if (fields === undefined) {
    return { recipient: { id: uuidv7(), idGenerated: true, addresses: {} }, data: {}, channelId, faults: [] };
  }
  const { recipient, faults: receiverFaults } = readReceiver(fields.receiver, kind);
  const timing = readTiming(fields, acceptedAtMs);
  const what = readWhat(fields, echo);
  const tags = fields.tags?.map((tag) => tag.toLowerCase());
  const campaign = fields.meta?.campaign?.id || fields.meta?.campaign?.name;
  return {
    recipient,
    channelId,
    ...what.spec,
    ...(timing.notBeforeMs === undefined ? {} : { notBeforeMs: timing.notBeforeMs }),
    validUntilMs: timing.validUntilMs,
    ...readGateWishes(fields),
    ...readLinkWishes(fields, linkTracking),
    ...(tags?.length ? { tags } : {}),
    ...(campaign ? { traceId: campaign } : {}),
    ...(fields.reference === undefined ? {} : { reference: fields.reference }),
    faults: [...capFaults(fields), ...receiverFaults, ...timing.faults, ...what.faults],
  };
}

/** Frequency caps are for marketing; Bird rejects the wish elsewhere (bird-api.md §2.2). */
function capFaults({ capFrequency, meta }: Lenient): Fault[] {
  if (capFrequency !== true || meta?.extraInformation?.['useCase'] === 'marketing') return [];
  const mend = 'is allowed only with meta.extraInformation.useCase marketing';
  return [fault('cap_not_allowed', 'capFrequency', mend)];
}

type What = Pick<MessageSpec, 'data' | 'content' | 'template' | 'email'>;

/** Template and body together: the template wins, and what decorates a message (attachments, headers) goes with it. */
function readWhat(fields: Lenient, echo: unknown): { spec: What; faults: readonly Fault[] } {
  const { template, body } = fields;
  const { email, headers } = readEmailFields(fields, template ? undefined : bodyMetadata(body));
  const shared = email === undefined ? {} : { email };
  if (template) {
    const use = readTemplate(template);
    return { spec: { ...shared, ...templateWhat(use, headers) }, faults: use.faults };
  }
  if (!body) return { spec: { ...shared, data: {} }, faults: missingWhat(echo) };
  const { content, faults } = bodyToContent(body);
  const full = content && headers ? { ...content, headers } : content;
  return { spec: { ...shared, data: {}, ...(full ? { content: full } : {}) }, faults };
}

function templateWhat(use: TemplateUse, headers: Readonly<Record<string, string>> | undefined): What {
  const { attachments, template, data } = use;
  const beside: Content = {
    interpolate: false,
    ...(attachments.length ? { attachments } : {}),
    ...(headers ? { headers } : {}),
  };
  const hasBeside = attachments.length > 0 || headers !== undefined;
  return { data, ...(template ? { template } : {}), ...(hasBeside ? { content: beside } : {}) };
}

/** Silent when a body or template was there but faulty: that has been said already. */
function missingWhat(echo: unknown): Fault[] {
  const { body, template } = echo as { body?: unknown; template?: unknown };
  if (body != null || template != null) return [];
  return [fault('invalid_content', '', 'needs a body or a template')];
}
