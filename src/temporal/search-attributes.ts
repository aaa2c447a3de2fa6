import { isGrpcServiceError, type Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { OperatorError } from '../domain/operator-error';
import { SEARCH_ATTRIBUTES } from '../../workflows/contract';

/** Which of our search attributes the server does not know yet. */
export async function missingSearchAttributes(client: Client, namespace: string): Promise<string[]> {
  const known = await client.connection.operatorService.listSearchAttributes({ namespace });
  return Object.values(SEARCH_ATTRIBUTES).filter((name) => !(name in (known.customAttributes ?? {})));
}

/**
 * Registers what is missing. Needs operator rights; a cluster that withholds them does it by hand.
 * @throws OperatorError where the server does not answer, or refuses.
 */
export async function registerSearchAttributes(client: Client, namespace: string): Promise<string[]> {
  try {
    return await register(client, namespace);
  } catch (cause) {
    if (!isGrpcServiceError(cause)) throw cause;
    throw new OperatorError(
      `Temporal does not answer, or refuses the search attributes (${cause.details}): check TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and TEMPORAL_TLS, or set VOLLEY_SEARCH_ATTRIBUTES=0.`,
      { cause },
    );
  }
}

async function register(client: Client, namespace: string): Promise<string[]> {
  const missing = await missingSearchAttributes(client, namespace);
  if (missing.length > 0) {
    const { INDEXED_VALUE_TYPE_KEYWORD } = temporal.api.enums.v1.IndexedValueType;
    await client.connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, INDEXED_VALUE_TYPE_KEYWORD])),
    });
  }
  return missing;
}
