import { type Tx } from './database';

/** What a vendor told about one message, as `src/providers/callbacks` reads it; stored within the channel that it came by. */
export interface ProviderFact {
  readonly vendorId?: string;
  readonly messageId?: string;
  readonly deliveryId?: string;
  readonly type: string;
  readonly atMs: number;
  /** The same for the same fact: it is stored once. */
  readonly dedupe: string;
  readonly detail?: string;
  readonly code?: string;
  readonly hard?: boolean;
  /** Whom the vendor names: the fate of a copy is no fate of the message. Compared, not stored. */
  readonly recipient?: string;
}

export interface Recorded {
  /** Facts of this channel's deliveries that were new. */
  readonly stored: number;
  /** Facts that name no delivery of this channel: dropped. */
  readonly unknown: number;
}

/**
 * Writes down what a vendor told, in one statement for any number of facts, in the caller's transaction: each fact once, and
 * the move that it explains with it (SQL: record_provider_facts, which has the rules). Late, repeated and reordered facts
 * are harmless, and so is one that beats the answer of its own call.
 */
export async function recordProviderEvents(
  tx: Tx,
  channel: { readonly workspaceId: string; readonly channelId: string },
  facts: readonly ProviderFact[],
): Promise<Recorded> {
  if (facts.length === 0) return { stored: 0, unknown: 0 };
  const [row] = await tx.query<{ stored: number; known: number }>(
    'select stored, known from record_provider_facts($1, $2, $3::jsonb)',
    [channel.workspaceId, channel.channelId, JSON.stringify(facts)],
  );
  return { stored: row?.stored ?? 0, unknown: facts.length - (row?.known ?? 0) };
}
