import { createSlots } from '../../../activities/page/slots';

test('a workspace alone may have every slot', async () => {
  const slots = createSlots(10);
  expect(await slots.take('a', 50)).toBe(10);
});

test('who has the fewest is served first, however long the others have waited', async () => {
  const slots = createSlots(4);
  expect(await slots.take('a', 4)).toBe(4);
  const order: string[] = [];
  const more = slots.take('a', 4).then((n) => order.push(`a ${n}`));
  const first = slots.take('b', 4).then((n) => order.push(`b ${n}`));
  slots.giveBack('a');
  await first;
  expect(order).toEqual(['b 1']);
  slots.giveBack('a');
  slots.giveBack('a');
  await more;
  expect(order[1]).toMatch(/^a /);
});

test('nobody takes more than a share while others wait', async () => {
  const slots = createSlots(10);
  expect(await slots.take('a', 10)).toBe(10);
  const b = slots.take('b', 10);
  for (let i = 0; i < 10; i += 1) slots.giveBack('a');
  expect(await b).toBe(1);
  expect(await slots.take('b', 10)).toBe(9);
});

test('no slot is lost or made: what was taken can be taken again once it was given back', async () => {
  const slots = createSlots(7);
  const taken = [await slots.take('a', 3), await slots.take('b', 3), await slots.take('c', 3)];
  expect(taken.reduce((sum, n) => sum + n)).toBe(7);
  taken.forEach((n, i) => {
    for (let k = 0; k < n; k += 1) slots.giveBack(['a', 'b', 'c'][i] ?? '');
  });
  expect(await slots.take('d', 100)).toBe(7);
});
