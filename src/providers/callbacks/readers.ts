import { type CallbackReader } from './contract';
import { type TokenSigner } from './return-path';
import { sendgridCallbacks } from './sendgrid';
import { createSmtpBounceReader } from './smtp';
import { twilioCallbacks } from './twilio';
import { webhookCallbacks } from './webhook';

export interface CallbackReaders {
  /** The reader for channels of a provider; undefined where nothing comes back (the sandbox). */
  get(provider: string): CallbackReader | undefined;
}

/** Everything that can come back. `returnPaths` signs and verifies the return paths of SMTP. */
export function createCallbackReaders(deps: { returnPaths: TokenSigner }): CallbackReaders {
  const readers = [
    twilioCallbacks,
    sendgridCallbacks,
    webhookCallbacks,
    createSmtpBounceReader(deps.returnPaths),
  ];
  const byName = new Map(readers.map((reader) => [reader.name, reader]));
  return { get: (provider) => byName.get(provider) };
}
