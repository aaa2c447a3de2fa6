// Lints the OpenAPI document on stdin and writes the problems as JSON. A process of its own: the linter is an ES module,
// which jest's CommonJS world cannot load.
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { createConfig, lintFromString } from '@redocly/openapi-core';

const config = await createConfig({
  extends: ['recommended'],
  // The server is wherever the reader runs it: a relative URL is right.
  rules: { 'info-license': 'off', 'no-empty-servers': 'off' },
});
const problems = await lintFromString({ source: await text(process.stdin), config });
const lines = problems.map((p) => `${p.severity} ${p.ruleId}: ${p.message} at ${p.location[0]?.pointer}`);
process.stdout.write(JSON.stringify(lines));
