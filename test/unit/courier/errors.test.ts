import { courierError, writeCourierError } from '../../../api/courier/errors';
import { ERROR_CODES, VolleyError } from '../../../src/domain/errors';

test('every refusal is {message, type}, nothing of its cause, and a status of 4xx unless the fault is ours', () => {
  for (const code of ERROR_CODES) {
    const { status, body } = writeCourierError(
      new VolleyError(code, 'Because.', { cause: new Error('secret') }),
    );
    expect(courierError.strict().parse(body)).toMatchObject({ message: 'Because.' });
    expect(Math.floor(status / 100)).toBe(code === 'internal' || code === 'unavailable' ? 5 : 4);
  }
});

test('the message names the places, each problem once and a readable number of them', () => {
  const details = Array.from({ length: 14 }, (_, n) => ({ at: `users[${n}]`, problem: `problem ${n}.` }));
  const { body } = writeCourierError(new VolleyError('invalid_request', 'Bad: problem 0.', { details }));
  const { message } = body as { message: string };
  expect(message).toMatch(
    /^Bad: problem 0\. users\[1\]: problem 1\.; .*users\[10\]: problem 10\.; and 3 more$/,
  );
});

test('a conflict that repetition cannot mend tells the SDK not to try; one that it can, does not', () => {
  const headers = (code: 'already_run' | 'job_final' | 'idempotency_in_progress') =>
    writeCourierError(new VolleyError(code, 'm')).headers;
  expect(headers('already_run')).toEqual({ 'x-should-retry': 'false' });
  expect(headers('job_final')).toEqual({ 'x-should-retry': 'false' });
  expect(headers('idempotency_in_progress')).toEqual({});
});
