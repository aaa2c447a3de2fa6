import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { z } from 'zod';
import { OperatorError } from '../domain/operator-error';
import { FAN_OUTS, type FanOut } from '../domain/states';
import { DEFAULT_RETRY_POLICY } from '../domain/retry';
import { parseEgressAllow, type AllowedRange } from '../providers/egress/address-policy';
import { type TemporalAddress } from '../temporal/connect';
import { type EncryptionKey } from '../temporal/payload-codec';
import { MAX_RUN_MS, type EngineSettings } from '../../workflows/contract';
import { type DeliveryRules, DEFAULT_DELIVERY_RULES } from '../../activities/dependencies';
import { parseEncryptionKeys } from './encryption-keys';

const flag = z.enum(['0', '1', 'true', 'false']).transform((text) => text === '1' || text === 'true');
const count = (standard: number, most: number) => z.coerce.number().int().min(1).max(most).default(standard);

const environment = z.object({
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, 'has to begin with postgres://'),
  TEMPORAL_ADDRESS: z.string().min(3).default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  TEMPORAL_API_KEY: z.string().optional(),
  TEMPORAL_TLS: flag.optional(),
  TEMPORAL_TLS_CA: z.string().optional(),
  TEMPORAL_TLS_CERT: z.string().optional(),
  TEMPORAL_TLS_KEY: z.string().optional(),
  TEMPORAL_TLS_SERVER_NAME: z.string().optional(),
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3400),
  VOLLEY_PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  VOLLEY_LINK_URL: z.url({ protocol: /^https?$/ }).optional(),
  VOLLEY_ADMIN_KEY: z.string().min(16, 'has to be at least 16 characters').optional(),
  VOLLEY_ENCRYPTION_KEY: z.string(),
  VOLLEY_EGRESS_ALLOW: z.string().default(''),
  VOLLEY_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  VOLLEY_SEARCH_ATTRIBUTES: flag.default(true),
  VOLLEY_FAN_OUT: z.enum(FAN_OUTS).default('workflow'),
  VOLLEY_SHARDS: count(2, 200),
  VOLLEY_WINDOW: count(25, 500),
  VOLLEY_MAX_DELIVERIES: count(100, 2_000),
  VOLLEY_DATABASE_POOL: count(20, 500),
  VOLLEY_SWEEP_SECONDS: z.coerce.number().positive().max(3_600).default(30),
  VOLLEY_PARK_AFTER_SECONDS: z.coerce.number().nonnegative().max(30).default(30),
  VOLLEY_RETRY_BASE_MS: count(DEFAULT_RETRY_POLICY.baseMs, 3_600_000),
  VOLLEY_RETRY_FACTOR: z.coerce.number().min(1).max(10).default(DEFAULT_RETRY_POLICY.factor),
  VOLLEY_RETRY_MAX_ATTEMPTS: count(DEFAULT_RETRY_POLICY.maxAttempts, 100),
  VOLLEY_METRICS_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  /** Set by `volley start`: the machine-local default, with its seeded workspace and its well-known key. */
  VOLLEY_EMBEDDED: flag.default(false),
  VOLLEY_TEMPORAL_UI_URL: z.string().optional(),
});

/** What one process is told by its environment; every variable is in .env.example. */
export interface Config {
  readonly databaseUrl: string;
  readonly poolSize: number;
  readonly temporal: TemporalAddress;
  readonly host: string;
  readonly port: number;
  /** Scheme and host by which others reach the API: vendors that call back sign it. */
  readonly publicUrl: string;
  /** Where the links in messages lead, without a slash at the end; announced where an operator named it. */
  readonly links: { readonly base: string; readonly announced: boolean };
  readonly adminKey?: string;
  readonly keys: readonly EncryptionKey[];
  readonly egressAllow: readonly AllowedRange[];
  readonly logLevel: string;
  readonly engine: EngineSettings;
  /** How bulk jobs are delivered where neither they nor their workspace say. */
  readonly fanOut: FanOut;
  readonly maxDeliveries: number;
  readonly rules: DeliveryRules;
  readonly sweepEveryMs: number;
  readonly metricsPort?: number;
  readonly embedded: boolean;
  readonly temporalUiUrl?: string;
}

/**
 * Reads the environment of an API, worker or operator process.
 * @throws OperatorError naming every wrong variable at once, never a value: some are secrets.
 */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(present);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
    throw new OperatorError(`Correct the environment: ${faults.join('; ')}.`);
  }
  const given = parsed.data;
  const publicUrl = given.VOLLEY_PUBLIC_URL ?? `http://${reachable(given.HOST)}:${given.PORT}`;
  return {
    databaseUrl: given.DATABASE_URL,
    poolSize: given.VOLLEY_DATABASE_POOL,
    temporal: temporalAddress(given),
    host: given.HOST,
    port: given.PORT,
    publicUrl,
    links: {
      base: (given.VOLLEY_LINK_URL ?? publicUrl).replace(/\/+$/, ''),
      announced: (given.VOLLEY_LINK_URL ?? given.VOLLEY_PUBLIC_URL) !== undefined,
    },
    keys: parseEncryptionKeys(given.VOLLEY_ENCRYPTION_KEY),
    egressAllow: parseEgressAllow(given.VOLLEY_EGRESS_ALLOW),
    logLevel: given.VOLLEY_LOG_LEVEL,
    engine: {
      shards: given.VOLLEY_SHARDS,
      window: given.VOLLEY_WINDOW,
      shardSize: 500,
      searchAttributes: given.VOLLEY_SEARCH_ATTRIBUTES,
      maxRunMs: MAX_RUN_MS,
      maxSignals: 2_000,
    },
    maxDeliveries: given.VOLLEY_MAX_DELIVERIES,
    fanOut: given.VOLLEY_FAN_OUT,
    rules: {
      ...DEFAULT_DELIVERY_RULES,
      parkAfterMs: given.VOLLEY_PARK_AFTER_SECONDS * 1_000,
      callsAtOnce: 2 * given.VOLLEY_MAX_DELIVERIES,
      retry: {
        ...DEFAULT_RETRY_POLICY,
        baseMs: given.VOLLEY_RETRY_BASE_MS,
        factor: given.VOLLEY_RETRY_FACTOR,
        maxAttempts: given.VOLLEY_RETRY_MAX_ATTEMPTS,
      },
    },
    sweepEveryMs: given.VOLLEY_SWEEP_SECONDS * 1_000,
    embedded: given.VOLLEY_EMBEDDED,
    ...(given.VOLLEY_ADMIN_KEY === undefined ? {} : { adminKey: given.VOLLEY_ADMIN_KEY }),
    ...(given.VOLLEY_METRICS_PORT === undefined ? {} : { metricsPort: given.VOLLEY_METRICS_PORT }),
    ...(given.VOLLEY_TEMPORAL_UI_URL === undefined ? {} : { temporalUiUrl: given.VOLLEY_TEMPORAL_UI_URL }),
  };
}

/** HOST as it stands in a URL of this machine's: every address is reached by the loopback one. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return isIPv6(host) ? `[${host}]` : host;
}

function temporalAddress(given: z.output<typeof environment>): TemporalAddress {
  const {
    TEMPORAL_TLS_CERT: cert,
    TEMPORAL_TLS_KEY: key,
    TEMPORAL_TLS_CA: ca,
    TEMPORAL_TLS_SERVER_NAME: name,
  } = given;
  const detailed = cert ?? key ?? ca ?? name;
  const tls =
    detailed === undefined
      ? (given.TEMPORAL_TLS ?? given.TEMPORAL_API_KEY !== undefined)
      : {
          ...(name === undefined ? {} : { serverNameOverride: name }),
          ...(ca === undefined ? {} : { serverRootCACertificate: contentOf('TEMPORAL_TLS_CA', ca) }),
          ...(cert && key
            ? {
                clientCertPair: {
                  crt: contentOf('TEMPORAL_TLS_CERT', cert),
                  key: contentOf('TEMPORAL_TLS_KEY', key),
                },
              }
            : {}),
        };
  return {
    address: given.TEMPORAL_ADDRESS,
    namespace: given.TEMPORAL_NAMESPACE,
    ...(given.TEMPORAL_API_KEY === undefined ? {} : { apiKey: given.TEMPORAL_API_KEY }),
    ...(tls ? { tls } : {}),
  };
}

/** @throws OperatorError naming the variable, not the file. */
function contentOf(variable: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new OperatorError(`${variable} names a file that cannot be read (${code}): correct it.`, { cause });
  }
}
