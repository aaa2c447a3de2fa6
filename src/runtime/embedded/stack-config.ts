import { resolve } from 'node:path';
import { z } from 'zod';
import { StartupError } from './startup-error';

const MAX_PORT = 65_535;
/** What Temporal itself allows for an id in its SQL stores. */
const MAX_NAMESPACE_CHARACTERS = 255;

const port = (standard: number) =>
  z
    .string()
    .regex(/^\d+$/, 'has to be a port number')
    .transform(Number)
    .refine((value) => value <= MAX_PORT, `has to be at most ${MAX_PORT}`)
    .default(standard);

const environment = z.object({
  PORT: port(3400),
  VOLLEY_POSTGRES_PORT: port(3401),
  VOLLEY_TEMPORAL_PORT: port(7233),
  VOLLEY_TEMPORAL_UI_PORT: port(8233),
  VOLLEY_DATA_DIR: z.string().default('.volley'),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'has to begin with postgres://')
    .optional(),
  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^[^\s/]+:\d+$/, 'has to be host:port')
    .optional(),
  TEMPORAL_NAMESPACE: z
    .string()
    .max(MAX_NAMESPACE_CHARACTERS)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'has to be a Temporal namespace name')
    .default('default'),
});

/** Where the parts of the stack are to be. A port of 0 means: pick a free one. */
export type StackConfig = {
  dataDir: string;
  apiPort: number;
  postgresPort: number;
  temporalPort: number;
  temporalUiPort: number;
  namespace: string;
  /** Set: no Postgres is started. */
  databaseUrl?: string;
  /** Set: no Temporal is started. */
  temporalAddress?: string;
};

/**
 * Reads the stack's settings from the environment; an empty variable counts as unset.
 * @throws StartupError naming every wrong variable at once, never its value: one of them holds a password.
 */
export function readStackConfig(env: NodeJS.ProcessEnv): StackConfig {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(present);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
    throw new StartupError(`Correct the environment: ${faults.join('; ')}.`);
  }
  const { data } = parsed;
  return {
    dataDir: resolve(data.VOLLEY_DATA_DIR),
    apiPort: data.PORT,
    postgresPort: data.VOLLEY_POSTGRES_PORT,
    temporalPort: data.VOLLEY_TEMPORAL_PORT,
    temporalUiPort: data.VOLLEY_TEMPORAL_UI_PORT,
    namespace: data.TEMPORAL_NAMESPACE,
    ...(data.DATABASE_URL === undefined ? {} : { databaseUrl: data.DATABASE_URL }),
    ...(data.TEMPORAL_ADDRESS === undefined ? {} : { temporalAddress: data.TEMPORAL_ADDRESS }),
  };
}
