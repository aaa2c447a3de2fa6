import {
  birdStatus,
  bulkItemStatus,
  courierStatus,
  OUR_BIRD_CODES,
  PLANNED_WAITS,
  UNKNOWN_ADDRESS_CODE,
  type StateView,
} from '../../src/domain/outward';
import { REASONS_BY_STATE, type Reason } from '../../src/domain/reasons';
import { MESSAGE_STATES, TRANSITIONS, UNSETTLED_STATES, WAIT_REASONS } from '../../src/domain/states';
import { code, generatedNote, table } from './markdown';

/** Messages in these states never got onto the pipeline; every other one has its `enqueued_at`. */
const NEVER_ENQUEUED: readonly string[] = ['pending', 'rejected', 'canceled'];
const COUNTED_IN = { PENDING: 'pending', ENQUEUED: 'enqueued', ERROR: 'failures' } as const;

interface Look {
  readonly label: string;
  readonly view: StateView;
}

/** docs/states.md: the design's table "How states look from outside", and the moves between states. */
export function renderStates(): string {
  return `${generatedNote('src/domain/outward.ts, states.ts and reasons.ts')}

# States, and how they look from each door

A message is in one state at a time, a settled one for a closed list of reasons. Both doors show the same fact in their own
words; this is the whole translation.

${table(['state: reason', 'Courier message status, reason', 'bulk item', 'Bird status (failure code)', 'counts in'], rows())}

\\* Volley's own code, in a range that Bird leaves unused ([bird-failure-codes.md](bird-failure-codes.md)).
A bounce whose detail says that the address is unknown has Bird's code ${UNKNOWN_ADDRESS_CODE} instead.

- While a job is open its messages are not listed and \`GET /messages/{messageId}\` is 404. Such an item is PENDING and has no
  \`messageId\`; one that is ENQUEUED or ERROR has one.
- ERROR is for what never got onto the pipeline: a message that was cancelled after it had been enqueued stays ENQUEUED and
  counts there. \`received = enqueued + failures + pending\` holds at every moment, and \`enqueued\` and \`failures\` never fall.
- Bird's \`reason\` always names Volley's own reason.
- \`waiting: breaker\` is for a channel whose credentials cannot be read for now; \`skipped: condition\` is reserved: nothing leads to it yet.

## Status of a bulk job

${table(
  ['status', 'when'],
  [
    ['CREATED', `until ${code('run')}`],
    [
      'PROCESSING',
      `until every message is settled (none of ${UNSETTLED_STATES.map(code).join(', ')}), also while paused`,
    ],
    ['COMPLETED', 'all settled, at least one enqueued'],
    ['ERROR', 'cancelled and settled, or nothing could be enqueued'],
  ],
)}

## Moves

What is not here is refused, by the database too (migration \`0002_rules.sql\`). \`sending\` means that an attempt is open,
nothing else.

${diagram()}

Why a message waits: ${WAIT_REASONS.map(code).join(', ')}.
`;
}

function rows(): string[][] {
  const planned = { state: 'waiting', reason: null, waitReason: PLANNED_WAITS[0] ?? null } as const;
  const setBacks = WAIT_REASONS.filter((reason) => !PLANNED_WAITS.includes(reason));
  const setBack = { state: 'waiting', reason: null, waitReason: setBacks[0] ?? null } as const;
  const looks: Look[] = [
    { label: 'pending, job running', view: { state: 'pending', reason: null } },
    { label: `waiting: ${PLANNED_WAITS.join(', ')}`, view: planned },
    { label: `waiting: ${setBacks.join(', ')}`, view: setBack },
    ...(['sending', 'sent', 'delivered'] as const).map((state) => ({
      label: state,
      view: { state, reason: null },
    })),
    ...(['opened', 'clicked'] as const).flatMap((engaged) =>
      (['sent', 'delivered'] as const).map((state) => ({
        label: `${state}, ${engaged}`,
        view: { state, reason: null, engaged },
      })),
    ),
    ...Object.entries(REASONS_BY_STATE).flatMap(([state, reasons]) =>
      (reasons as readonly Reason[]).map((reason) => ({
        label: `${state}: ${reason}`,
        view: { state: state as StateView['state'], reason },
      })),
    ),
  ];
  return [
    ['pending, job open', 'not listed, 404', 'PENDING, no messageId', '-', 'pending'],
    ...looks.map(rowOf),
  ];
}

function rowOf({ label, view }: Look): string[] {
  const courier = courierStatus(view);
  const bird = birdStatus(view);
  const item = bulkItemStatus({
    state: view.state,
    enqueuedAt: NEVER_ENQUEUED.includes(view.state) ? null : new Date(0),
  });
  const ours = bird.code !== undefined && OUR_BIRD_CODES.includes(bird.code) ? '\\*' : '';
  return [
    label,
    [courier.status, courier.reason].filter(Boolean).join(', '),
    item === 'PENDING' ? 'PENDING, no messageId' : item,
    bird.code === undefined ? bird.status : `${bird.status} (${bird.code}${ours})`,
    COUNTED_IN[item],
  ];
}

function diagram(): string {
  const moves = MESSAGE_STATES.flatMap((from) => TRANSITIONS[from].map((to) => `  ${from} --> ${to}`));
  return ['```mermaid', 'stateDiagram-v2', '  [*] --> pending', ...moves, '```'].join('\n');
}
