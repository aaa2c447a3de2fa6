import { type Reason } from '../../src/domain/reasons';

export interface FailureCode {
  readonly code: number;
  readonly name: string;
  /** The reasons behind it: the message's `reason` says which one it was. */
  readonly reasons: readonly Reason[];
  readonly cause: string;
  readonly cure: string;
  /** True where the number is Volley's own, in a range that Bird leaves unused. */
  readonly ours: boolean;
}

/** Every `failure.code` that this door can show, by number. A test holds it against the states' one table. */
export const FAILURE_CODES: readonly FailureCode[] = [
  {
    code: 11001,
    name: 'INVALID_CHANNEL_CONFIGURATION',
    reasons: ['no_channel', 'channel_misconfigured'],
    cause:
      'The channel is disabled or was removed after acceptance, or its settings or credentials do not fit its provider.',
    cure: 'Correct or enable the channel (`PATCH /v1/workspaces/{workspaceId}/channels/{channelId}`), then send the message again.',
    ours: false,
  },
  {
    code: 11002,
    name: 'INVALID_INPUT',
    reasons: ['cap_not_allowed', 'invalid_input', 'schedule_too_far'],
    cause:
      'A field has a wrong type or value, `capFrequency` stands without `meta.extraInformation.useCase: marketing`, or `scheduledFor` is more than 35 days ahead.',
    cure: '`failure.description` names every field and what it must be: mend them all and send the message again.',
    ours: false,
  },
  {
    code: 11003,
    name: 'INVALID_RECEIVER',
    reasons: ['no_address', 'invalid_address'],
    cause:
      'No contact is of type `to`, a contact has no address, or the address does not fit the kind of channel (an e-mail address, a phone number in international form).',
    cure: 'Give `receiver.contacts` one contact of type `to` with an `identifierValue` that the channel can reach.',
    ours: false,
  },
  {
    code: 11004,
    name: 'INVALID_CONTENT',
    reasons: [
      'invalid_content',
      'template_not_found',
      'template_unpublished',
      'variable_missing',
      'render_failed',
    ],
    cause:
      'There is neither body nor template, the body has nothing to send, the template or its version is not there or not published, it lacks a variable that it requires, or it could not be rendered.',
    cure: 'Send a body, or name a published template and give every variable that it requires.',
    ours: false,
  },
  {
    code: 11005,
    name: 'INVALID_SENDER',
    reasons: ['invalid_sender'],
    cause: 'The From of the message is not one of the identities of the channel.',
    cure: "Use one of the channel's identities in `meta.email.from`, or none, which takes the first of them; or add the identity to the channel's settings.",
    ours: false,
  },
  {
    code: 12002,
    name: 'UNSUPPORTED_TYPE',
    reasons: ['unsupported_body_for_channel'],
    cause: 'The body is of a type that the channel cannot carry.',
    cure: 'Send a body of type text, html, image or file, or use another channel.',
    ours: false,
  },
  {
    code: 14901,
    name: 'CREDENTIALS_REFUSED',
    reasons: ['credentials_refused'],
    cause: 'The provider refused the credentials of the channel.',
    cure: "Renew the channel's credentials, then send the message again.",
    ours: true,
  },
  {
    code: 15001,
    name: 'OUTCOME_UNKNOWN',
    reasons: ['in_doubt'],
    cause:
      'The connection broke or the worker died after the provider may have taken the message, and it could not be sent again without risking a duplicate.',
    cure: 'It may have arrived: ask the receiver or the provider before sending it again.',
    ours: false,
  },
  {
    code: 15005,
    name: 'UNKNOWN_ADDRESS',
    reasons: ['bounced'],
    cause: 'The provider took the message, and it came back since nobody has this address.',
    cure: 'Correct or remove the address; do not send to it again.',
    ours: false,
  },
  {
    code: 15901,
    name: 'PROVIDER_REFUSED',
    reasons: ['provider_refused'],
    cause: 'The provider refused this message for good.',
    cure: "`failure.description` has the provider's own words: mend what it names.",
    ours: true,
  },
  {
    code: 15902,
    name: 'GAVE_UP',
    reasons: ['attempts_exhausted', 'deadline'],
    cause: 'The provider could not take the message for so long that no further attempt was made.',
    cure: 'See that the provider is reachable and not throttling, then send the message again.',
    ours: true,
  },
  {
    code: 15903,
    name: 'VALIDITY_ENDED',
    reasons: ['expired'],
    cause: 'The `validity` of the message ended after an attempt and before one succeeded.',
    cure: 'Send it again, with a longer `validity` where a late message is still of use.',
    ours: true,
  },
  {
    code: 15904,
    name: 'BOUNCED',
    reasons: ['bounced'],
    cause: 'The provider took the message, and it came back for another reason than an unknown address.',
    cure: '`failure.description` has the reason given (a full mailbox, a policy): mend it or try later.',
    ours: true,
  },
  {
    code: 15905,
    name: 'NOT_CARRIED',
    reasons: ['carrier_refused', 'carrier_expired'],
    cause: 'The provider took the message, and the carrier refused it or could not deliver it in time.',
    cure: 'See that the number is in service and takes such messages; the carrier has the last word.',
    ours: true,
  },
];

/** The text of docs/bird-failure-codes.md. */
export function renderFailureCodes(): string {
  const section = ({ code, name, reasons, cause, cure, ours }: FailureCode): string => `## ${code} ${name}

- Reasons: ${reasons.map((reason) => `\`${reason}\``).join(', ')}
- Cause: ${cause}
- Cure: ${cure}
${ours ? "- Volley's own, in a range that Bird leaves unused.\n" : ''}`;
  return `# Failure codes of Bird's door

A message that ends \`rejected\`, \`sending_failed\` or \`delivery_failed\` has a \`failure\`:
\`{code, description, source: {code, name}}\`. \`description\` names every fault that was found, \`code\` is that of the first one,
and \`reason\` beside it names Volley's own reason. The order of faults: \`capFrequency\`, then every other INVALID_INPUT, then the
rest. \`source.name\` is \`pre-processing\` for what Volley itself refused, else the kind and provider that were used
(\`email-smtp\`); \`source.code\` repeats \`code\`, but for 15001 (34) and 15005 (1), where Bird's documentation gives one. A
message that is \`skipped\` or \`deleted\` has a \`reason\` and no failure.

The names after INVALID_INPUT are readings of Bird's documentation, which lists these faults in this order without their
numbers.

${FAILURE_CODES.map(section).join('\n')}`;
}
