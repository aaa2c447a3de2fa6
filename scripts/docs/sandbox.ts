import { MAGIC_RECIPIENTS, SANDBOX_DOMAIN } from '../../src/providers/magic-recipients';
import { code, generatedNote, table } from './markdown';

/** docs/sandbox.md: what the sandboxes do, and whom to write to for each outcome. */
export function renderSandbox(): string {
  const rows = MAGIC_RECIPIENTS.map(({ email, phone, id, doc }) => [code(email), code(phone), code(id), doc]);
  return `${generatedNote('src/providers/magic-recipients.ts')}

# The sandbox

A sandbox channel sends nothing. It writes down what it got, and does what a magic recipient asks for; every other recipient is
accepted. Each workspace has one of every kind from the start, with nothing to set up. Once a kind has another enabled
channel, nothing is routed to its sandbox any more, and a sandbox is never where a message falls back to.

${table(['e-mail', 'phone', 'id (inbox, push, chat, webhook)', 'what happens'], rows)}

Tags are ignored, so that there can be any number of each: \`fail+1@${SANDBOX_DOMAIN}\`, \`sandbox-fail+1\`.

Settings of a sandbox channel: \`deduplicate\` (default true: a repeated key is accepted once only, and counts as safe to repeat
for a day) and \`latencyMs\` (0 to 5,000: how long each call takes).

What the sandboxes got, newest first, with the number of calls for each key (the variables are those of
[providers.md](providers.md)):

\`\`\`bash
curl -s "$VOLLEY/v1/workspaces/$WORKSPACE/sandbox/deliveries?limit=10" -H "$KEY"
\`\`\`

\`callCount\` counts calls with one key, \`acceptedCount\` how often a receiver would have shown it to a person: above 1 only
where \`deduplicate\` is off and a message was sent again in doubt.
`;
}
