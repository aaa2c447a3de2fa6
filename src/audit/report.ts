import { type JobKind, type JobPhase, type MessageState } from '../domain/states';

/** What a check looked at: the ledger against itself, the API's answers against it, or those who got the messages. */
export type AuditArea = 'ledger' | 'api' | 'receiver';

export interface AuditCheck {
  readonly area: AuditArea;
  /** What holds where `ok` is true, as a sentence without its full stop. */
  readonly name: string;
  readonly ok: boolean;
  /** How many things were looked at, and how many of them were not as they should be. */
  readonly checked: number;
  readonly wrong: number;
  /** The numbers, for people. */
  readonly detail: string;
  /** Ids of the first few that are wrong: no addresses, so that a report may be passed on. */
  readonly examples: readonly string[];
}

export interface AuditReport {
  readonly jobId: string;
  readonly workspaceId: string;
  readonly kind: JobKind;
  readonly phase: JobPhase;
  readonly messages: number;
  /** Counted anew, states without a message left out. */
  readonly states: Readonly<Partial<Record<MessageState, number>>>;
  readonly checks: readonly AuditCheck[];
  readonly ok: boolean;
}

/** Enough to start looking, few enough to read. */
export const MAX_EXAMPLES = 5;

/** A check out of what it found: wrong ones by id, at most the first few kept. */
export function checkOf(
  area: AuditArea,
  name: string,
  found: { readonly checked: number; readonly wrong: readonly string[]; readonly detail?: string },
): AuditCheck {
  return {
    area,
    name,
    ok: found.wrong.length === 0,
    checked: found.checked,
    wrong: found.wrong.length,
    detail: found.detail ?? `${found.checked} checked`,
    examples: found.wrong.slice(0, MAX_EXAMPLES),
  };
}
