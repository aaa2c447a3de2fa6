import { createHash } from 'node:crypto';
import { type ProviderEvent } from './contract';
import { discreet } from './discreet';
import { firstOf, mediaTypeOf, type MimeEntity, partsOf, readEntity, readFields } from './mime';
import { tokenIn } from './return-path';

/** What a delivery status notification (RFC 3464) says of one recipient. */
export interface DsnReport {
  readonly action: 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';
  /** RFC 3463, such as 5.1.1. */
  readonly status: string;
  /** The remote server's reply; holds no address. */
  readonly diagnostic?: string;
  /** For comparison only, never stored: see `ProviderEvent`. */
  readonly recipient?: string;
}

export interface Dsn {
  /** The token of our return path, wherever in the report it stands. Not yet verified. */
  readonly recipientToken?: string;
  readonly reports: readonly DsnReport[];
}

/** Reports are short; what is longer has the returned mail in it, which comes last. */
const MAX_DSN_BYTES = 1024 * 1024;
const MAX_REPORTS = 100;
const STATUS_TYPES = new Set(['message/delivery-status', 'message/global-delivery-status']);
const ACTION = /^(failed|delayed|delivered|relayed|expanded)\b/i;
const STATUS = /^[245]\.\d{1,3}\.\d{1,3}/;
/** Where the return path shows: whom the report is to, and the headers of the mail that it is about. */
const TOKEN_FIELDS = ['x-original-to', 'delivered-to', 'to', 'return-path', 'x-failed-recipients'];

/**
 * Reads a bounce. undefined for what is no multipart/report with a delivery status: answers of people and of holiday
 * programs come to the same address, and mean nothing about delivery.
 */
export function readDsn(raw: Buffer): Dsn | undefined {
  const entity = readEntity(raw.subarray(0, MAX_DSN_BYTES).toString('latin1'));
  if (mediaTypeOf(entity).type !== 'multipart/report') return undefined;
  const parts = partsOf(entity);
  const status = parts.find((part) => STATUS_TYPES.has(mediaTypeOf(part).type));
  if (!status) return undefined;
  // The first block is about the mail, each further one about a recipient.
  const blocks = status.body
    .trim()
    .split(/\n\s*\n/)
    .slice(1, MAX_REPORTS + 1);
  const reports = blocks.map(reportOf).filter((report) => report !== undefined);
  if (reports.length === 0) return undefined;
  const recipientToken = tokenOf(entity, parts);
  return { ...(recipientToken === undefined ? {} : { recipientToken }), reports };
}

function reportOf(block: string): DsnReport | undefined {
  const fields = readFields(block);
  const action = ACTION.exec(firstOf(fields, 'action') ?? '')?.[1]?.toLowerCase() as
    DsnReport['action'] | undefined;
  const status = STATUS.exec(firstOf(fields, 'status') ?? '')?.[0];
  if (action === undefined || status === undefined) return undefined;
  const diagnostic = discreet(firstOf(fields, 'diagnostic-code')?.replace(/^[a-z0-9-]+\s*;\s*/i, ''));
  const named = firstOf(fields, 'original-recipient') ?? firstOf(fields, 'final-recipient');
  const recipient = named?.replace(/^[a-z0-9-]+\s*;\s*/i, '').replace(/^<(.*)>$/, '$1');
  return {
    action,
    status,
    ...(diagnostic === undefined ? {} : { diagnostic }),
    ...(recipient ? { recipient } : {}),
  };
}

function tokenOf(entity: MimeEntity, parts: readonly MimeEntity[]): string | undefined {
  const returned = parts
    .filter((part) => ['message/rfc822', 'text/rfc822-headers'].includes(mediaTypeOf(part).type))
    .map((part) => readEntity(part.body));
  return [entity, ...returned]
    .flatMap(({ headers }) => TOKEN_FIELDS.flatMap((name) => headers.get(name) ?? []))
    .map(tokenIn)
    .find((token) => token !== undefined);
}

/**
 * The events of a report on a delivery whose token was verified. A report that is sent again gives the same dedupe ids.
 * `relayed` and `expanded` say that nobody will tell more, which is no news.
 */
export function eventsOfDsn(
  dsn: Dsn,
  about: { readonly deliveryId: string; readonly nowMs: number },
): readonly ProviderEvent[] {
  return dsn.reports.flatMap((report) => {
    const what = whatOf(report);
    if (!what) return [];
    const { action, status, recipient, diagnostic } = report;
    const identity = JSON.stringify([about.deliveryId, recipient?.toLowerCase(), action, status]);
    return {
      deliveryId: about.deliveryId,
      ...what,
      atMs: about.nowMs,
      dedupe: `dsn:${createHash('sha256').update(identity).digest('hex').slice(0, 40)}`,
      code: status,
      ...(diagnostic === undefined ? {} : { detail: diagnostic }),
      ...(recipient === undefined ? {} : { recipient }),
    };
  });
}

/** RFC 3463: x.1.z is about the address, x.2.1 a mailbox that is closed, x.4.7 gave up in time, x.7.z is policy. */
function whatOf({ action, status }: DsnReport): Pick<ProviderEvent, 'type' | 'hard'> | undefined {
  if (action === 'delivered') return { type: 'delivered' };
  if (action === 'delayed') return { type: 'deferred' };
  if (action !== 'failed') return undefined;
  const [, subject = '', detail = ''] = status.split('.');
  if (subject === '4' && detail === '7') return { type: 'carrier_expired' };
  if (subject === '7') return { type: 'carrier_refused' };
  const condemned =
    (subject === '1' && ['1', '2', '3', '6', '10'].includes(detail)) || `${subject}.${detail}` === '2.1';
  return { type: 'bounced', hard: status.startsWith('5') && condemned };
}
