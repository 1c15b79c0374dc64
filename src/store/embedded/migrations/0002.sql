-- What a mirror has not acknowledged yet. Written in the transaction of the change itself, so that
-- neither is there without the other; taken out when the mirror has acknowledged.

-- Where the mirror is. No row: there is none, and changes are not written down.
CREATE TABLE mirror (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  target TEXT NOT NULL
) STRICT;

-- A row is a series and a span of its periods in which figures changed, or a service that was described
-- anew. What to send is read from the figures themselves when it is sent.
CREATE TABLE unsent (
  position INTEGER PRIMARY KEY,
  series_id INTEGER REFERENCES series (id),
  first_period INTEGER,
  last_period INTEGER,
  service TEXT,
  -- Revisions among them that are new.
  revisions INTEGER NOT NULL,
  changed_at INTEGER NOT NULL, -- nanoseconds since 1970-01-01T00:00Z
  -- 1: the mirror refused it; it waits for a person and holds up nothing else.
  refused INTEGER NOT NULL DEFAULT 0,
  CHECK ((series_id IS NULL) <> (service IS NULL)),
  CHECK ((series_id IS NULL) = (first_period IS NULL)),
  CHECK ((series_id IS NULL) = (last_period IS NULL))
) STRICT;

-- History that was restored from another store comes later than it was collected, so the order of
-- collections says nothing of time.
DROP VIEW v_services;
CREATE VIEW v_services AS
SELECT service, name, department, department_name, agency, agency_name, collected_at, collector
FROM (
  SELECT
    d.service, d.name, d.department, d.department_name, d.agency, d.agency_name,
    strftime('%Y-%m-%dT%H:%M:%SZ', c.collected_at / 1000000000, 'unixepoch') AS collected_at,
    d.collector,
    row_number() OVER (PARTITION BY d.service ORDER BY c.collected_at DESC, c.id DESC) AS newest
  FROM service_description AS d
  CROSS JOIN collection AS c ON c.id = d.collection_id
)
WHERE newest = 1;
