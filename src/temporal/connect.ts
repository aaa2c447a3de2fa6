import { Client, Connection, type TLSConfig } from '@temporalio/client';
import { type DataConverter } from '@temporalio/common';
import { createPayloadCodec, type EncryptionKey } from './payload-codec';

/** How to reach a Temporal server; from the environment by `readConfig`. */
export interface TemporalAddress {
  readonly address: string;
  readonly namespace: string;
  readonly apiKey?: string;
  readonly tls?: boolean | TLSConfig;
}

/** The same on client and worker: codec on everything that has a payload, failures included. */
export function dataConverter(keys: readonly EncryptionKey[]): DataConverter {
  return {
    payloadCodecs: [createPayloadCodec(keys)],
    failureConverterPath: require.resolve('./failure-converter'),
  };
}

/** A client that connects when first used: the API starts, and accepts durably, while Temporal is away. */
export function lazyClient(to: TemporalAddress, keys: readonly EncryptionKey[]): Client {
  const connection = Connection.lazy({
    address: to.address,
    ...(to.apiKey === undefined ? {} : { apiKey: to.apiKey }),
    ...(to.tls === undefined ? {} : { tls: to.tls }),
  });
  return new Client({ connection, namespace: to.namespace, dataConverter: dataConverter(keys) });
}
