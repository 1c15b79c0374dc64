-- What the daemon remembers of its own doing. All of it can be lost: figures are in the store, and
-- reading a source again costs only time.

CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  collector TEXT NOT NULL,
  trigger TEXT NOT NULL,
  started_at INTEGER NOT NULL, -- nanoseconds since 1970-01-01T00:00Z, as everywhere here
  finished_at INTEGER,
  -- stored, unchanged, failed or interrupted; NULL while it runs.
  outcome TEXT,
  reason TEXT,
  message TEXT,
  windows INTEGER NOT NULL DEFAULT 0,
  new_figures INTEGER NOT NULL DEFAULT 0,
  unchanged_figures INTEGER NOT NULL DEFAULT 0,
  revised_figures INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX run_by_collector ON run (collector, id);

CREATE TABLE cursor (
  collector TEXT PRIMARY KEY,
  period_kind TEXT NOT NULL,
  period INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE bookmark (
  collector TEXT PRIMARY KEY,
  text TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE backfill (
  collector TEXT PRIMARY KEY,
  period_kind TEXT NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
