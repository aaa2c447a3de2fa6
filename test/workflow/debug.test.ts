import { workflowIds } from '../../workflows/contract';
import { people, startStage, type Stage } from './stage';
let stage: Stage;
test.each(Array.from({ length: 12 }, (_, i) => i))('dbg %i', async () => {
  stage = await startStage();
  await stage.db.query('update channels set rate_per_second = 0.02 where id = $1', [stage.webhookId]);
  const jobId = await stage.fill(people(5));
  await stage.command(jobId, 'run');
  await stage.until('the others wait for the rate', async () => {
    const messages = await stage.messages(jobId);
    return messages.filter((message) => message.waitReason === 'rate_limit').length === 4;
  });
  const r = await Promise.race([stage.finish('bulk', jobId), new Promise((x) => setTimeout(x, 12000))]);
  if (!r) {
    console.log(await stage.query('bulk', jobId, 'status'), new Date(await stage.nowMs()), await stage.db.query('select state, wait_reason, due_at, held_until, plan, ledger_now() from message_states'));
    const ids = [workflowIds.job('bulk', jobId), ...(await stage.messages(jobId)).map((m) => workflowIds.message('bulk', m.messageId)), ...[1,2,3,4,5,6,7].map((g) => workflowIds.shard(jobId, g, 0))];
    for (const id of ids) {
      const d = await stage.client.workflow.getHandle(id).describe().catch(() => undefined);
      if (!d) continue;
      const hist = await stage.client.workflow.getHandle(id).fetchHistory();
      console.log(id, d.status.name, hist.events?.map((e) => Object.keys(e).find((k) => k.endsWith('Attributes')) + '@' + new Date(Number(e.eventTime?.seconds) * 1000).toISOString()).slice(-14).join('\n'));
    }
    for (let i = 0; i < 3; i++) { await stage.unlockTime().catch(e => console.log(String(e))); await new Promise((x) => setTimeout(x, 1500)); console.log(i, new Date(await stage.nowMs()), await stage.states(jobId)); }
    process.exit(1);
  }
  await stage.close();
}, 60000);
