-- How figures are packed, and why: docs/store.md. The tables are private to this program; analysts
-- read the views at the end, whose columns stay as they are.

CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  service TEXT NOT NULL,
  measure TEXT NOT NULL,
  channel TEXT NOT NULL,
  coverage TEXT NOT NULL,
  period_kind TEXT NOT NULL,
  -- The collector that feeds it.
  owner TEXT NOT NULL,
  -- The newest period it has a figure for, so that "latest of all" is one look-up for each series.
  newest_period INTEGER NOT NULL,
  UNIQUE (service, measure, channel, coverage, period_kind)
) STRICT;

-- A submission that changed something. In order of id, collected_at never goes back, so that "as
-- known at an instant" is a comparison of ids.
CREATE TABLE collection (
  id INTEGER PRIMARY KEY,
  collector TEXT NOT NULL,
  collected_at INTEGER NOT NULL -- nanoseconds since 1970-01-01T00:00Z
) STRICT;
CREATE INDEX collection_by_time ON collection (collected_at);

-- Current figures. period: days since 1970-01-01 of the first local day; for hours, hours since then.
-- mantissa: an integer; text where it exceeds 64 bits; NULL where the figure is not a number.
-- shape: bits 0-4 scale, 5 provisional, 6 thresholded, 7-9 state, from bit 10 the sampled share in
-- parts per million plus one.
CREATE TABLE figure (
  series_id INTEGER NOT NULL REFERENCES series (id),
  period INTEGER NOT NULL,
  mantissa ANY,
  shape INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  collection_id INTEGER NOT NULL REFERENCES collection (id),
  PRIMARY KEY (series_id, period)
) STRICT, WITHOUT ROWID;

-- What figures were before they were revised.
CREATE TABLE superseded (
  series_id INTEGER NOT NULL REFERENCES series (id),
  period INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  mantissa ANY,
  shape INTEGER NOT NULL,
  collection_id INTEGER NOT NULL REFERENCES collection (id),
  PRIMARY KEY (series_id, period, revision)
) STRICT, WITHOUT ROWID;

-- What each collector has said about a service. Kept for each collector apart, so that two which
-- describe one service differently do not take turns in revising it.
CREATE TABLE service_description (
  service TEXT NOT NULL,
  collector TEXT NOT NULL,
  collection_id INTEGER NOT NULL REFERENCES collection (id),
  name TEXT NOT NULL,
  department TEXT,
  department_name TEXT,
  agency TEXT,
  agency_name TEXT,
  PRIMARY KEY (service, collector, collection_id)
) STRICT, WITHOUT ROWID;

CREATE VIEW v_revisions AS
SELECT
  service, measure, channel, coverage, period_kind,
  CASE period_kind
    WHEN 'hour' THEN strftime('%Y-%m-%dT%H:%M:%SZ', period * 3600, 'unixepoch')
    ELSE date(period * 86400, 'unixepoch')
  END AS period_start,
  CASE period_kind
    WHEN 'hour' THEN strftime('%Y-%m-%dT%H:%M:%SZ', (period + 1) * 3600, 'unixepoch')
    WHEN 'day' THEN date((period + 1) * 86400, 'unixepoch')
    WHEN 'week' THEN date((period + 7) * 86400, 'unixepoch')
    WHEN 'month' THEN date(period * 86400, 'unixepoch', '+1 month')
    WHEN 'quarter' THEN date(period * 86400, 'unixepoch', '+3 months')
    ELSE date(period * 86400, 'unixepoch', '+1 year')
  END AS period_end,
  CASE shape >> 7 & 7
    WHEN 0 THEN 'known'
    WHEN 1 THEN 'not_provided'
    WHEN 2 THEN 'not_applicable'
    WHEN 3 THEN 'suppressed'
    WHEN 4 THEN 'withdrawn'
  END AS state,
  CASE
    WHEN mantissa IS NULL OR shape & 31 = 0 THEN CAST(mantissa AS TEXT)
    ELSE
      iif(CAST(mantissa AS TEXT) LIKE '-%', '-', '')
      || substr(
        substr('0000000000000000000000000000', 1, (shape & 31) + 1 - length(ltrim(mantissa, '-')))
          || ltrim(mantissa, '-'),
        1,
        max(1, length(ltrim(mantissa, '-')) - (shape & 31))
      )
      || '.'
      || substr('0000000000000000000000000000' || ltrim(mantissa, '-'), -(shape & 31))
  END AS value,
  shape >> 5 & 1 AS provisional,
  shape >> 6 & 1 AS thresholded,
  CASE WHEN shape >> 10 > 0 THEN ((shape >> 10) - 1) / 1000000.0 END AS sampled_share,
  revision,
  is_current,
  strftime('%Y-%m-%dT%H:%M:%SZ', collected_at / 1000000000, 'unixepoch') AS collected_at,
  collector
FROM (
  SELECT s.service, s.measure, s.channel, s.coverage, s.period_kind, p.period, p.mantissa, p.shape,
    p.revision, 1 AS is_current, c.collected_at, c.collector
  FROM series AS s
  CROSS JOIN figure AS p ON p.series_id = s.id
  CROSS JOIN collection AS c ON c.id = p.collection_id
  UNION ALL
  SELECT s.service, s.measure, s.channel, s.coverage, s.period_kind, p.period, p.mantissa, p.shape,
    p.revision, 0 AS is_current, c.collected_at, c.collector
  FROM series AS s
  CROSS JOIN superseded AS p ON p.series_id = s.id
  CROSS JOIN collection AS c ON c.id = p.collection_id
);

CREATE VIEW v_figures AS
SELECT
  service, measure, channel, coverage, period_kind, period_start, period_end, state, value, provisional,
  thresholded, sampled_share, revision, collected_at, collector
FROM v_revisions
WHERE is_current = 1;

CREATE VIEW v_series AS
SELECT
  service, measure, channel, coverage, period_kind,
  CASE period_kind
    WHEN 'hour' THEN strftime('%Y-%m-%dT%H:%M:%SZ', newest_period * 3600, 'unixepoch')
    ELSE date(newest_period * 86400, 'unixepoch')
  END AS newest_period_start,
  owner AS collector
FROM series;

CREATE VIEW v_services AS
SELECT
  d.service, d.name, d.department, d.department_name, d.agency, d.agency_name,
  strftime('%Y-%m-%dT%H:%M:%SZ', c.collected_at / 1000000000, 'unixepoch') AS collected_at,
  d.collector
FROM service_description AS d
CROSS JOIN collection AS c ON c.id = d.collection_id
WHERE d.collection_id = (SELECT max(n.collection_id) FROM service_description AS n WHERE n.service = d.service);
