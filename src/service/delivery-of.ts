import { type DeliveryView, type MessageView } from './views';

/**
 * The delivery that a fact of the timeline is about: the one that it names, else the message's newest. A vendor may tell of one
 * when another has been made since.
 */
export function deliveryOf(
  { deliveries }: Pick<MessageView, 'deliveries'>,
  fact: { readonly data: Readonly<Record<string, unknown>> },
): DeliveryView | undefined {
  return deliveries.find(({ id }) => id === fact.data['deliveryId']) ?? deliveries.at(-1);
}
