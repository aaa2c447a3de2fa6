import { type AttachmentRef } from '../../src/domain/content';
import { parseUrl } from '../../src/domain/parse-url';
import { type FetchedAttachment } from '../../src/providers/contract';
import { type Egress } from '../../src/providers/egress/guarded-client';
import { createBudget, type Budget, type Hold } from '../../src/runtime/budget';
import { stopper } from '../../src/providers/stopper';

/** All files of one message together (issue: "10 MB in all"). */
const MAX_TOTAL_BYTES = 10 * 1024 * 1024;

export type Attachments =
  | { readonly ok: true; readonly attachments: readonly FetchedAttachment[] }
  /** `ours`: nothing was found out about the files. */
  | { readonly ok: false; readonly retryable: boolean; readonly detail: string; readonly ours?: true };

/** Of files, over all deliveries of a process; what providers make of them comes on top. Documented in docs/providers.md. */
const PROCESS_BYTES = 256 * 1024 * 1024;
/** As long as a file itself may take. Who had no turn by then gives its place to others, and comes again. */
const TURN_MS = 30_000;
/** For all files of one message: with its turn and the call well below the five minutes of an attempt. */
const TOTAL_MS = 60_000;
const processBudget = createBudget(PROCESS_BYTES);

/** Room for the files of one delivery. */
export interface FileRoom {
  readonly budget: Budget;
  readonly turnMs: number;
  readonly totalMs: number;
  readonly holds: Hold[];
}

/** Runs one delivery; the bytes of the files that it fetches are held until it ends. */
export async function holdingFiles<T>(
  work: (room: FileRoom) => Promise<T>,
  {
    budget = processBudget,
    turnMs = TURN_MS,
    totalMs = TOTAL_MS,
  }: { budget?: Budget; turnMs?: number; totalMs?: number } = {},
): Promise<T> {
  const holds: Hold[] = [];
  try {
    return await work({ budget, turnMs, totalMs, holds });
  } finally {
    for (const hold of holds) hold.shrinkTo(0);
  }
}

/**
 * Fetches a message's files, one after the other, through the egress guard, all within one time, or until `signal` aborts. Details name
 * places in the list, never URLs. Without a room of its own nothing is fetched: a group that held some and waited for room for the others
 * would wait for itself.
 */
export async function fetchAttachments(
  egress: Egress,
  refs: readonly AttachmentRef[],
  room: FileRoom | undefined,
  signal?: AbortSignal,
): Promise<Attachments> {
  if (refs.length === 0) return { ok: true, attachments: [] };
  if (!room) return notNow('Attachments are fetched for one message at a time.');
  const hold = await room.budget.take(MAX_TOTAL_BYTES, room.turnMs);
  if (!hold) return notNow('Too many attachments are under way.');
  room.holds.push(hold);
  const stop = stopper(signal, room.totalMs);
  const fetched = await fetchAll(egress, refs, stop).finally(() => stop.clear());
  const files = fetched.ok ? fetched.attachments : [];
  hold.shrinkTo(files.reduce((sum, { content }) => sum + content.length, 0));
  return fetched;
}

function notNow(detail: string): Attachments {
  return { ok: false, retryable: true, ours: true, detail };
}

async function fetchAll(
  egress: Egress,
  refs: readonly AttachmentRef[],
  stop: Pick<ReturnType<typeof stopper>, 'signal' | 'cause'>,
): Promise<Attachments> {
  const attachments: FetchedAttachment[] = [];
  let room = MAX_TOTAL_BYTES;
  for (const [index, ref] of refs.entries()) {
    const file = await egress.fetchFile(ref.url, room, stop.signal);
    if (!file.ok && stop.cause() === 'timeout')
      return { ok: false, retryable: true, detail: 'The attachments took too long in all.' };
    if (!file.ok && stop.cause() === 'aborted') return notNow('The fetching was stopped.');
    if (!file.ok) {
      const detail =
        file.code === 'too_large'
          ? 'The attachments are larger than 10 MB in all.'
          : `Attachment ${index + 1}: ${file.message}`;
      return { ok: false, retryable: file.retryable, detail };
    }
    room -= file.content.length;
    attachments.push({
      filename: ref.filename ?? nameFrom(ref.url) ?? `attachment-${index + 1}`,
      contentType: mediaTypeIn(ref.contentType) || file.contentType,
      content: file.content,
      inline: ref.inline === true,
    });
  }
  return { ok: true, attachments };
}

/** Type and subtype: a provider takes nothing else, and `text/csv; charset=utf-8` would become a file of unknown type. */
function mediaTypeIn(contentType = ''): string {
  const [type = ''] = contentType.split(';');
  return type.trim();
}

/** The last part of the path as people read it, without what no header or file system holds, or what turns text about. */
function nameFrom(url: string): string | undefined {
  const last = parseUrl(url)?.pathname.split('/').at(-1) ?? '';
  return (
    decoded(last)
      .replace(/[\p{Cc}\p{Bidi_Control}/\\]/gu, '')
      .trim() || undefined
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not UTF-8, or a bare `%`: it stands as it is.
    return text;
  }
}
