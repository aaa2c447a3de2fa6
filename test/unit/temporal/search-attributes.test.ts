import { type Client } from '@temporalio/client';
import { OperatorError } from '../../../src/domain/operator-error';
import { registerSearchAttributes } from '../../../src/temporal/search-attributes';

test('a server that is away, or withholds operator rights, is one sentence with its reason', async () => {
  const refusal = Object.assign(new Error('7 PERMISSION_DENIED'), {
    ...{ code: 7, details: 'Request unauthorized.', metadata: {} },
  });
  const operatorService = { listSearchAttributes: () => Promise.reject(refusal) };
  const client = { connection: { operatorService } } as unknown as Client;
  const registering = registerSearchAttributes(client, 'default');
  await expect(registering).rejects.toBeInstanceOf(OperatorError);
  await expect(registering).rejects.toThrow(
    /^Temporal does not answer, or refuses .* \(Request unauthorized\.\): check TEMPORAL_ADDRESS, .*\.$/,
  );
});
