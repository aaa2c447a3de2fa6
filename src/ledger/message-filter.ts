import { type Look } from '../domain/looks';

/** Which messages of a workspace, newest first unless `oldestFirst`. All that is given must hold; lists match any of theirs. */
export interface MessageFilter {
  readonly workspaceId: string;
  readonly messageId?: string;
  readonly jobId?: string;
  /** The channel in the path of the call that sent it. */
  readonly channelId?: string;
  readonly recipientId?: string;
  readonly tenantId?: string;
  readonly event?: string;
  readonly notification?: string;
  /** The caller's own trace id. */
  readonly traceId?: string;
  readonly tags?: readonly string[];
  readonly providers?: readonly string[];
  readonly looks?: readonly Look[];
  /** Created then or later, or earlier; inclusive. */
  readonly startAt?: Date;
  readonly endAt?: Date;
  readonly enqueuedAfter?: Date;
  /** All that was enqueued since `enqueuedAfter`, where it is little enough to be asked for one by one. */
  readonly enqueuedIds?: readonly string[];
  /** Nothing created before this is asked for, as far as whoever asks can tell: a bound for the index. */
  readonly bornAfter?: Date;
  /** Archived ones are left out unless this is true or absent. */
  readonly archived?: boolean;
  readonly oldestFirst?: boolean;
  readonly after?: { readonly id: string };
  readonly limit: number;
}
