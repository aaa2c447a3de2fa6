import { type Item } from './item';

/** Items in order, and how much JSON they hold together. */
export interface Weighed {
  count(): number;
  bytes(): number;
  push(items: readonly Item[]): void;
  unshift(items: readonly Item[]): void;
  /** The first ones, up to `most` of them and up to `mostBytes` in all; one comes whatever it has. */
  take(most: number, mostBytes?: number): Item[];
}

export function createWeighed(): Weighed {
  const items: Item[] = [];
  let bytes = 0;
  const weigh = (added: readonly Item[]): void => {
    for (const item of added) bytes += weightOf(item);
  };
  return {
    count: () => items.length,
    bytes: () => bytes,
    push(added) {
      weigh(added);
      items.push(...added);
    },
    unshift(added) {
      weigh(added);
      items.unshift(...added);
    },
    take(most, mostBytes = Infinity) {
      let count = 0;
      let taken = 0;
      for (const item of items) {
        const next = taken + weightOf(item);
        if (count >= most || (count > 0 && next > mostBytes)) break;
        count += 1;
        taken = next;
      }
      bytes -= taken;
      return items.splice(0, count);
    },
  };
}

function weightOf(item: Item): number {
  return item.bytes ?? 0;
}
