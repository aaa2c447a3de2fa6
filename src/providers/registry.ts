import { type ChannelKind } from '../domain/kinds';
import { type TokenSigner } from './callbacks/return-path';
import { type Provider } from './contract';
import { type Egress } from './egress/guarded-client';
import { createSandbox, type SandboxLog } from './sandbox';
import { createSendgrid } from './sendgrid';
import { createSmtp } from './smtp';
import { createTwilio } from './twilio';
import { createWebhook } from './webhook';

/** A provider whose settings and credentials are checked by its own schemas before it sees them. */
export type AnyProvider = Provider;

export interface ProviderRegistry {
  /** undefined for a name that nobody has. */
  get(name: string): AnyProvider | undefined;
  list(): readonly AnyProvider[];
  /** The providers that can serve a kind. */
  forKind(kind: ChannelKind): readonly AnyProvider[];
  /** Closes pooled connections; for shutdown. */
  close(): Promise<void>;
}

/** Every way out that this build has. */
export function createProviders(deps: {
  egress: Egress;
  sandboxLog: SandboxLog;
  /** Signs the return paths of `smtp`; only who sends needs it. */
  returnPaths?: TokenSigner;
}): ProviderRegistry {
  const smtp = createSmtp({ egress: deps.egress, returnPaths: deps.returnPaths });
  const providers: readonly AnyProvider[] = [
    smtp,
    createSendgrid({ egress: deps.egress }),
    createTwilio({ egress: deps.egress }),
    createWebhook({ egress: deps.egress }),
    createSandbox({ log: deps.sandboxLog }),
  ];
  const byName = new Map(providers.map((provider) => [provider.name, provider]));
  return {
    get: (name) => byName.get(name),
    list: () => providers,
    forKind: (kind) => providers.filter((provider) => provider.kinds.includes(kind)),
    async close() {
      smtp.close();
      await deps.egress.close();
    },
  };
}
