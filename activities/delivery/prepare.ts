import {
  type BrandContent,
  type Content,
  type Rendered,
  type TemplateContent,
} from '../../src/domain/content';
import { pickLocale } from '../../src/domain/locale';
import { templateKey } from '../../src/domain/pinned';
import { type RejectReason } from '../../src/domain/reasons';
import { type Route } from '../../src/domain/routing';
import { type DeliveryContext } from '../../src/ledger/delivery-context';
import { type ChannelRef } from '../../src/ledger/channels';
import { getTemplateVersion } from '../../src/ledger/templates';
import { type FetchedAttachment } from '../../src/providers/contract';
import { type Dependencies } from '../dependencies';
import { fetchAttachments, type FileRoom } from './attachments';
import { type Passed } from './gates';
import { type Linker } from './links';
import { type OpenChannel, type Opened } from './open-channel';
import { routesOf } from './routes';
import { senderOf } from './sender';

export interface Prepared {
  readonly route: Route;
  readonly hasNextRoute: boolean;
  readonly opened: OpenChannel;
  readonly rendered: Rendered;
  readonly attachments: readonly FetchedAttachment[];
  readonly from?: { readonly address: string; readonly name?: string };
  readonly data: Readonly<Record<string, unknown>>;
}

export type Preparation =
  | { readonly type: 'ready'; readonly prepared: Prepared }
  | { readonly type: 'rejected'; readonly reason: RejectReason; readonly detail: string }
  /** `ours`: there was no room for it, or no time: the file may be there. */
  | { readonly type: 'attachment_missing'; readonly detail: string; readonly ours: boolean }
  /** Nothing is wrong with the message: its channel's credentials do not open for now. */
  | { readonly type: 'channel_sealed' };

const rejected = (reason: RejectReason, detail: string): Preparation => ({
  type: 'rejected',
  reason,
  detail,
});

/** What a process prepares with: each remembers what it has read or written lately. */
export interface Preparers {
  openChannel(ref: ChannelRef): Promise<Opened>;
  readonly linker: Linker;
}

/** Everything before the claim: route, template, render, sender, attachments, links. Writes only where tracked links lead. */
export async function prepare(
  deps: Pick<Dependencies, 'db' | 'providers' | 'renderer' | 'egress'>,
  by: Preparers,
  messageId: string,
  { message, links }: Passed,
  /** For its files; absent in a group. `signal` ends the fetching. */
  fetching?: { readonly room: FileRoom; readonly signal: AbortSignal | undefined },
): Promise<Preparation> {
  const [fault] = message.spec.faults ?? [];
  if (fault) return rejected(fault.reason as RejectReason, fault.description);
  const routing = routesOf(message, deps.providers);
  if (!routing.ok) return rejected(routing.reason, routing.detail);
  const route = routing.routes[message.route];
  if (!route) return rejected('no_channel', 'No route is left.');
  const opened = await by.openChannel({ workspaceId: message.workspaceId, channelId: route.channelId });
  if (opened === 'sealed') return { type: 'channel_sealed' };
  if (!opened)
    return rejected('channel_misconfigured', 'The channel was removed, disabled or can no longer be read.');

  const said = await whatToSay(deps, message);
  if ('missing' in said)
    return rejected(said.missing, 'The template does not exist or has no published version.');
  const data = dataOf(message);
  const link = by.linker({ messageId, message, route, opened, facts: links });
  const { spec } = message;
  const locale = spec.template?.locale ?? message.jobSpec.locale;
  const result = await deps.renderer.render({
    workspaceId: message.workspaceId,
    kind: route.kind === 'any' ? 'any' : opened.channel.kind,
    ...said,
    data,
    recipient: {
      id: spec.recipient.id,
      ...(spec.recipient.locale === undefined ? {} : { locale: spec.recipient.locale }),
      ...(spec.recipient.timezone === undefined ? {} : { timezone: spec.recipient.timezone }),
    },
    ...(spec.recipient.locale !== undefined || locale === undefined ? {} : { locale }),
    ...(spec.profile ? { profile: spec.profile } : {}),
    ...(link.unsubscribe === undefined ? {} : { unsubscribeUrl: link.unsubscribe }),
    ...(spec.email?.subject === undefined ? {} : { subjectOverride: spec.email.subject }),
  });
  if (!result.ok) return rejected(result.reason, result.detail);
  const sender = senderOf(spec, opened);
  if (!sender.ok) return rejected('invalid_sender', sender.detail);
  const files = await fetchAttachments(
    deps.egress,
    result.rendered.attachments,
    fetching?.room,
    fetching?.signal,
  );
  if (!files.ok) {
    return files.retryable
      ? { type: 'attachment_missing', detail: files.detail, ours: files.ours === true }
      : rejected('invalid_content', files.detail);
  }
  return {
    type: 'ready',
    prepared: {
      route,
      hasNextRoute: routing.routes.length > message.route + 1,
      opened,
      rendered: await link.apply(result.rendered),
      attachments: files.attachments,
      data,
      ...(sender.from ? { from: sender.from } : {}),
    },
  };
}

/** Message data wins over the job's; the job's data for the recipient's locale over its general data (seed: "takes precedence"). */
function dataOf({ jobSpec, spec }: DeliveryContext): Record<string, unknown> {
  const { dataByLocale } = jobSpec;
  const wanted = spec.recipient.locale ?? jobSpec.locale;
  const locale =
    dataByLocale && wanted !== undefined ? pickLocale(Object.keys(dataByLocale), wanted, '') : undefined;
  return { ...jobSpec.data, ...(locale === undefined ? {} : dataByLocale?.[locale]), ...spec.data };
}

interface Said {
  readonly content?: Content;
  readonly template?: TemplateContent;
  readonly brand?: BrandContent;
}

/** The message's own template or content, else the job's: first what the caller's door put first. */
async function whatToSay(
  deps: Pick<Dependencies, 'db'>,
  { jobSpec, spec, pinned }: DeliveryContext,
): Promise<Said | { missing: 'template_not_found' | 'template_unpublished' }> {
  const brand = pinned?.brand ? { brand: pinned.brand } : {};
  const content = spec.content ?? jobSpec.content;
  const ref = spec.template ?? (spec.content ? undefined : jobSpec.content ? undefined : jobSpec.template);
  if (!ref) return { ...(content ? { content } : {}), ...brand };
  const found = pinned?.templates[templateKey(ref)] ?? { missing: 'template_not_found' as const };
  if ('missing' in found) return found;
  const template = await getTemplateVersion(deps.db, found.versionId);
  return { template, ...(content ? { content } : {}), ...brand };
}
