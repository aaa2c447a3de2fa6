import { parseVolleyOptions } from '../../../api/volley-options';
import { VolleyError } from '../../../src/domain/errors';

function problemOf(header: string, of: 'job' | 'messages' = 'job'): string {
  try {
    parseVolleyOptions(header, of);
  } catch (error) {
    if (error instanceof VolleyError) return error.details.map(({ problem }) => problem).join();
  }
  throw new Error('was not refused');
}

test('without the header, in doubt a message is sent again', () => {
  for (const header of [undefined, '', ' , ']) {
    expect(parseVolleyOptions(header, 'job')).toEqual({ guarantee: 'at_least_once' });
  }
});

test('the guarantee can be chosen, spaces aside', () => {
  expect(parseVolleyOptions(' guarantee = at_most_once ,', 'messages')).toEqual({
    guarantee: 'at_most_once',
  });
});

test('a misspelt option or value is refused with what exists, never taken for the default', () => {
  expect(problemOf('garantee=at_most_once')).toContain('guarantee');
  expect(problemOf('guarantee=exactly_once')).toContain('at_least_once, at_most_once');
  expect(problemOf('guarantee')).toContain('at_most_once');
  expect(problemOf('constructor=at_most_once')).toContain('no option is called');
  expect(problemOf('guarantee=at_most_once,guarantee=at_least_once')).toContain('twice');
});

test('how to fan out is asked of a job alone: messages that are sent as they come refuse it', () => {
  expect(parseVolleyOptions('fanOut=page', 'job')).toMatchObject({ fanOut: 'page' });
  expect(problemOf('fanOut=page', 'messages')).toContain('no option is called "fanOut" here');
});
