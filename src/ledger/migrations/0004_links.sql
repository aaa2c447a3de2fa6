-- Where tracked links lead. One row a distinct URL of a workspace, however many messages carry it: the token in a message
-- names the message and this id, so a job of a million adds a row for each URL and not for each recipient.
-- id is the first 12 bytes of the URL's SHA-256: writing a row again changes nothing, so it may be written before the claim.
create table links (
  workspace_id uuid not null,
  id bytea not null check (length(id) = 12),
  url text not null check (length(url) <= 8000),
  created_at timestamptz not null default ledger_now(),
  primary key (workspace_id, id)
);

-- Short links, by the domain that serves them: one of another domain is not found. A row a message and URL, for the short id
-- is all that a click brings.
create table short_links (
  domain text not null,
  id text not null check (length(id) between 8 and 32),
  workspace_id uuid not null,
  message_id uuid not null,
  url text not null check (length(url) <= 8000),
  created_at timestamptz not null default ledger_now(),
  primary key (domain, id)
);
create index on short_links (message_id);
