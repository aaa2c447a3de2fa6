/** The practical optimum of a queue in Postgres: two loops claim groups with SKIP LOCKED, send, and write a group's outcomes at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import { backoffMs, CONTRACT, nowMs, type FinalState, type Recipient } from '../contract';
import { createPost, eachAtOnce, type Answer } from '../post';
import { required, serveProgram } from '../program';
import { CLAIM, FINISH, INSERT, SCHEMA, STATES } from './raw-pg-sql';

const LOOPS = 2;
const GROUP = 200;
const SUBMIT_PAGE = 1_000;
/** Only when nothing is due: the rest wait for their backoff. */
const IDLE_MS = 10;

interface Claimed {
  readonly message_id: string;
  readonly attempt_id: string;
  readonly attempts: number;
  readonly spec: Recipient;
}

serveProgram(async (place) => {
  const pool = new Pool({ connectionString: required(place.databaseUrl, 'database'), max: LOOPS });
  const post = createPost(place.sinkUrl);
  await pool.query(SCHEMA);

  /** Gives how many of the group are in a final state now. */
  const deliverGroup = async (): Promise<number> => {
    const { rows } = await pool.query<Claimed>({ name: 'claim', text: CLAIM, values: [GROUP] });
    if (rows.length === 0) {
      await sleep(IDLE_MS);
      return 0;
    }
    const outcomes: { row: Claimed; answer: Answer; state: string }[] = [];
    await eachAtOnce(rows, CONTRACT.concurrency / LOOPS, async (row) => {
      const answer = await post(row.spec);
      outcomes.push({ row, answer, state: stateAfter(answer, row.attempts) });
    });
    await pool.query({
      name: 'finish',
      text: FINISH,
      values: [
        outcomes.map(({ row }) => row.attempt_id),
        outcomes.map(({ row }) => row.message_id),
        outcomes.map(({ answer }) => answer),
        outcomes.map(({ state }) => state),
        outcomes.map(({ row }) => backoffMs(row.attempts)),
      ],
    });
    return outcomes.filter(({ state }) => state !== 'waiting').length;
  };

  return {
    async run(recipients) {
      const submit = nowMs();
      for (let from = 0; from < recipients.length; from += SUBMIT_PAGE) {
        const page = recipients.slice(from, from + SUBMIT_PAGE);
        const values = [from, page.map(({ id }) => id), page.map((each) => JSON.stringify(each))];
        await pool.query({ name: 'insert', text: INSERT, values });
      }
      const submitted = nowMs();
      let open = recipients.length;
      const loop = async (): Promise<void> => {
        while (open > 0) {
          const ended = await deliverGroup();
          open -= ended;
        }
      };
      await Promise.all(Array.from({ length: LOOPS }, loop));
      return { submit, submitted, released: submitted, end: nowMs() };
    },
    async states(run) {
      const { rows } = await pool.query<{ recipient_id: string; state: FinalState }>(STATES, [`${run}-%`]);
      return Object.fromEntries(rows.map((row) => [row.recipient_id, row.state]));
    },
    close: () => pool.end(),
  };
});

function stateAfter(answer: Answer, attempts: number): string {
  if (answer === 'accepted') return 'sent';
  return answer === 'refused' || attempts >= CONTRACT.maxAttempts ? 'failed' : 'waiting';
}
