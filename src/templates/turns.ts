/** What waits, of several owners: in order within an owner, and the owners take turns, however much one of them has. */
export interface Turns<T> {
  push(owner: string, item: T): void;
  /** The next item of the owner whose turn it is. */
  shift(): T | undefined;
  takeAll(): T[];
  size(): number;
}

export function createTurns<T>(): Turns<T> {
  /** In the order of their turns; an owner without items is not in it. */
  const owners = new Map<string, T[]>();
  let size = 0;
  return {
    push(owner, item) {
      const items = owners.get(owner);
      if (items) items.push(item);
      else owners.set(owner, [item]);
      size += 1;
    },
    shift() {
      for (const [owner, items] of owners) {
        const item = items.shift();
        owners.delete(owner);
        if (items.length > 0) owners.set(owner, items);
        size -= 1;
        return item;
      }
      return undefined;
    },
    takeAll() {
      const all = [...owners.values()].flat();
      owners.clear();
      size = 0;
      return all;
    },
    size: () => size,
  };
}
