-- What 0017 asks of calls in doubt is asked where it matters, and of all calls of a delivery.

-- Whether a call of the same delivery is in doubt, leaving one out. Of whatever generation of its key: that rises only where none is in
-- doubt, but for messages that were under way before 0017.
create or replace function others_in_doubt(p_message uuid, p_delivery uuid, p_generation integer, p_attempt uuid) returns boolean
language sql stable as $$
  select exists (select from attempts a where a.message_id = p_message and a.delivery_id = p_delivery
    and a.id <> p_attempt and (a.outcome is null or a.outcome in ('ambiguous', 'lost')))
$$;

-- As in 0011, for the same reason of all generations. An older key is one that the next call does not carry: whoever remembers it for
-- however long does not know that one.
create or replace function doubt_since(p_delivery uuid, p_generation integer) returns timestamptz language sql stable as $$
  select min(case when a.generation = p_generation then a.started_at else '-infinity' end) from deliveries d join attempts a on a.message_id = d.message_id
   where d.id = p_delivery and a.delivery_id = d.id and (a.outcome is null or a.outcome in ('ambiguous', 'lost'))
$$;

do $$
declare
  def text;
  changed text;
begin
  def := pg_get_functiondef('claim_page'::regproc);
  changed := replace(def, 'a.delivery_id = d.id and a.generation = d.generation', 'a.delivery_id = d.id');
  if changed = def then raise exception 'claim_page is not the one that this migration knows'; end if;
  execute changed;

  -- `wait_reason` is null for what was accepted: of each of those was asked what only a failure and a next route have to know.
  def := pg_get_functiondef('settle_page'::regproc);
  changed := replace(def, 'not (x.state = ''failed'' or x.wait_reason = ''next_route'')',
    'x.state <> ''failed'' and x.wait_reason is distinct from ''next_route''');
  if changed = def then raise exception 'settle_page is not the one that this migration knows'; end if;
  execute changed;

  -- An attempt is read under its message's lock: a repetition that waited there behind the first writing knows it, and names the
  -- vendor's id once.
  def := pg_get_functiondef('settle_attempt'::regproc);
  changed := replace(def, 'for update;
  at := ledger_now();', 'for update;
  select * into a from attempts x where x.id = p_attempt;
  at := ledger_now();');
  if changed = def then raise exception 'settle_attempt is not the one that this migration knows'; end if;
  def := changed;
  changed := replace(def, 'from deliveries d where d.id = a.delivery_id;',
    'from deliveries d where d.id = a.delivery_id
      and not exists (select from vendor_ids v where v.channel_id = d.channel_id and v.vendor_id = p_vendor_id and v.delivery_id = d.id);');
  if changed = def then raise exception 'settle_attempt is not the one that this migration knows'; end if;
  execute changed;
end $$;
