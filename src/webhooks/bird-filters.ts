/** A Bird subscription's own words, as they are kept in `webhook_endpoints.filters`. */
export interface BirdWebhookFilters {
  readonly service: 'channels';
  /** `<channel>.outbound` or `<channel>.interaction`. */
  readonly event: string;
  /** All of them have to hold. */
  readonly eventFilters: readonly { readonly key: string; readonly value: string }[];
  readonly template?: string | undefined;
}
