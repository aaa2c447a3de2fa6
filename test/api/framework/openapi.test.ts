import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { createBirdDialect } from '../../../api/bird';
import { createCourierDialect } from '../../../api/courier';
import { createOpenApiDocument } from '../../../api/openapi';
import { createV1Dialect } from '../../../api/v1';
import { type Service } from '../../../src/service/service';
import { type WebhookService } from '../../../src/service/webhooks';
import { createSecretBox } from '../../../src/runtime/secret-box';

const never = new Proxy({} as Service, {});
const webhooks = new Proxy({} as WebhookService, {});
const dialects = [
  createCourierDialect({ service: never }),
  createBirdDialect({ service: never, webhooks }),
  createV1Dialect({
    providers: { get: () => undefined, list: () => [] },
    egress: { checkUrl: async () => undefined },
    secretBox: createSecretBox([{ id: 'test', key: Buffer.alloc(32) }]),
  }),
];
const document = createOpenApiDocument(dialects) as unknown as {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
};
interface Operation {
  operationId: string;
  parameters?: { name: string; in: string }[];
  responses: Record<string, { content?: Record<string, { examples?: Record<string, unknown> }> }>;
}
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
);

test('the document is valid OpenAPI 3.1', () => {
  expect(document.openapi).toMatch(/^3\.1\./);
  const linter = join(__dirname, 'lint-openapi.mjs');
  const output = execFileSync(process.execPath, [linter], {
    input: JSON.stringify(document),
    encoding: 'utf8',
  });
  expect(JSON.parse(output)).toEqual([]);
});

test('every route of every door is in it, each with a name of its own', () => {
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(ids.every((id) => /^[a-zA-Z][A-Za-z0-9]+$/.test(id))).toBe(true);
  expect(new Set(ids).size).toBe(ids.length);
  expect(operations).toHaveLength(dialects.flatMap((dialect) => dialect.routes).length);
});

test.each(operations.map((each) => [each.method, each.path, each.operation] as const))(
  '%s %s names its path parameters and its errors',
  (method, path, operation) => {
    const wanted = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    const named = (operation.parameters ?? []).filter((each) => each.in === 'path').map((each) => each.name);
    expect(named.sort()).toEqual(wanted.sort());
    expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['400', '401', '503']));
    if (wanted.length > 0) expect(operation.responses).toHaveProperty('404');
    const headers = (operation.parameters ?? [])
      .filter((each) => each.in === 'header')
      .map((each) => each.name);
    if (method === 'post') expect(headers).toContain('Idempotency-Key');
  },
);
