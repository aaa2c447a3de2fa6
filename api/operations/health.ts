import { Router } from 'express';
import { type Registry } from 'prom-client';
import { writeReply } from '../middleware/respond';

/** One thing that must work before calls are taken. `check` throws with a sentence that says what to do. */
export interface ReadinessCheck {
  readonly name: string;
  check(): Promise<void>;
}

/** A check that hangs is a failed one; load balancers give up after a few seconds themselves. */
const CHECK_TIMEOUT_MS = 3_000;

interface CheckResult {
  readonly name: string;
  readonly status: 'ok' | 'failed';
  readonly message?: string;
}

/** What machines ask: `/healthz` (this process), `/readyz` (all that it needs, each named), `/metrics` (Prometheus). */
export function createOperationsRouter(checks: readonly ReadinessCheck[], registry: Registry): Router {
  const router = Router();
  router.get('/healthz', (_req, res) => {
    res.locals['template'] = '/healthz';
    writeReply(res, { status: 200, body: { status: 'ok' } });
  });
  router.get('/readyz', async (_req, res) => {
    res.locals['template'] = '/readyz';
    const results = await Promise.all(checks.map(runCheck));
    const ready = results.every((result) => result.status === 'ok');
    writeReply(res, {
      status: ready ? 200 : 503,
      body: { status: ready ? 'ok' : 'failed', checks: results },
    });
  });
  router.get('/metrics', async (_req, res) => {
    res.locals['template'] = '/metrics';
    res.setHeader('Content-Type', registry.contentType);
    res.end(await registry.metrics());
  });
  return router;
}

async function runCheck(check: ReadinessCheck): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${CHECK_TIMEOUT_MS} ms.`)), CHECK_TIMEOUT_MS);
  });
  try {
    await Promise.race([check.check(), timeout]);
    return { name: check.name, status: 'ok' };
  } catch (error) {
    const message = error instanceof Error ? error.message : 'The check failed.';
    return { name: check.name, status: 'failed', message };
  } finally {
    clearTimeout(timer);
  }
}
