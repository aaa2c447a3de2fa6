import { type PageClaim } from '../../src/ledger/page-shards';

/** On whose behalf an attempt is made. */
export interface Run {
  /** Who may take up its open attempts at once: the same again after a crash. */
  readonly owner: string;
  readonly signal: AbortSignal;
  readonly page?: PageClaim;
}
