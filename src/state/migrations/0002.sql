-- Alerts, and what receivers are to be told of them. An alert's change and the deliveries that follow
-- from it are written in one transaction, so that nothing decided is forgotten.

CREATE TABLE alert (
  id TEXT PRIMARY KEY,
  -- How often it has been raised: one that a revision ended may come back by another.
  occasion INTEGER NOT NULL,
  raised_at INTEGER NOT NULL,
  resolved_at INTEGER, -- NULL while it is open
  quiet INTEGER NOT NULL, -- 1 where a backfill brought it up, so that nobody is told
  alert TEXT NOT NULL, -- JSON
  services TEXT NOT NULL -- JSON: what the services it is about are called
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_by_end ON alert (resolved_at);

-- One row once figures have been judged. Without it, open alerts may have been told of before the file was
-- lost.
CREATE TABLE evaluation (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  at INTEGER NOT NULL
) STRICT;

CREATE TABLE delivery (
  id INTEGER PRIMARY KEY,
  receiver TEXT NOT NULL,
  alert TEXT NOT NULL,
  occasion INTEGER NOT NULL,
  news TEXT NOT NULL, -- raised, worsened or resolved
  notice TEXT NOT NULL, -- JSON: what is told, in the same words however often
  created_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0, -- counted before each attempt: one that was cut off may have arrived
  not_before INTEGER, -- the receiver, or the back-off, asks to wait until then
  problem TEXT, -- why the last attempt failed
  -- sent, overtaken (over before it could be told), withdrawn (nobody is to be told any more) or
  -- abandoned (tried for too long); NULL while it waits.
  outcome TEXT,
  settled_at INTEGER,
  UNIQUE (receiver, alert, occasion, news)
) STRICT;
CREATE INDEX delivery_waiting ON delivery (receiver, id) WHERE outcome IS NULL;
CREATE INDEX delivery_of_alert ON delivery (alert, occasion);
