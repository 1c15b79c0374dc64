//! The reports: visits, goals, events, pages, devices and funnels.

use jiff::Timestamp;
use jiff::civil::Date;
use kpi::Channel;
use serde_json::{Map, Value, json};

use super::errors::{Reason, Refusal};
use super::{Query, periods};
use crate::world::{Service, Settling, draw, part, share, signed, today};

/// Names of the goals, from goal 1.
pub(super) const GOALS: [&str; 2] = ["Started", "Completed"];
const DEVICES: [(&str, &str); 3] =
    [("smartphone", "Smartphone"), ("desktop", "Desktop"), ("tablet", "Tablet")];
/// Events with names that a service has beside its own, more than the 100 rows given by default.
const MINOR_EVENTS: u64 = 130;

/// What a site counted over some days.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counted {
    pub(super) visits: u64,
    pub(super) started: u64,
    pub(super) completed: u64,
}

impl Query<'_> {
    /// A report over every site and period asked for, shaped as Matomo nests them.
    pub(super) fn report(&self, plugin: &str, action: &str) -> Result<Value, Refusal> {
        let known = matches!(
            (plugin, action),
            ("VisitsSummary" | "Goals", "get")
                | ("Goals", "getGoals")
                | ("Events", "getCategory" | "getAction" | "getName")
                | ("Actions", "getPageUrl")
                | ("DevicesDetection", "getType")
                | ("Funnels", "getMetrics" | "getFunnelFlow")
        );
        if !known {
            let message = format!(
                "The method '{action}' does not exist or is not available in the module '\\Piwik\\Plugins\\{plugin}\\API'."
            );
            return Err(Refusal::new(Reason::Unknown, message));
        }
        let (by_site, sites) = self.sites()?;
        if (plugin, action) == ("Goals", "getGoals") {
            return Ok(goals(&sites.iter().map(|(number, _)| *number).collect::<Vec<_>>()));
        }
        let device = self.device()?;
        let now = self.archived();
        let period = self.parameters.need("period")?;
        let (by_period, spans) =
            periods::resolve(period, self.parameters.need("date")?, today(now, &self.zone()))?;
        let mut answer = Map::new();
        for (number, service) in sites {
            let mut periods = Map::new();
            for (key, first, last) in &spans {
                let counted = self.count(service, (*first, *last), device, now);
                let value = self.one(plugin, action, service, counted)?;
                let value = self.finish(value, signed(i64::from(first.day_of_year())) + number);
                periods.insert(key.clone(), if by_period { lone(value) } else { value });
            }
            let value = if by_period {
                Value::Object(periods)
            } else {
                periods.into_iter().next().map_or(json!([]), |(_, value)| value)
            };
            answer.insert(number.to_string(), value);
        }
        if by_site {
            return Ok(Value::Object(answer));
        }
        Ok(answer.into_iter().next().map_or(json!([]), |(_, value)| value))
    }

    /// When the archive that answers was built.
    fn archived(&self) -> Timestamp {
        let now = self.matomo.world.now();
        let every = self.options.archive_seconds.max(1);
        Timestamp::from_second(now.as_second().div_euclid(every) * every).unwrap_or(now)
    }

    /// The one kind of segment it knows, `deviceType==…`, as an index into the devices.
    fn device(&self) -> Result<Option<usize>, Refusal> {
        let Some(segment) = self.parameters.get("segment").filter(|segment| !segment.is_empty()) else {
            return Ok(None);
        };
        if !self.options.browser_archiving {
            return Err(Refusal::bad(
                "The segment is not processed: real-time processing of segments is disabled. Create it first.".to_owned(),
            ));
        }
        let device = segment.strip_prefix("deviceType==");
        let index = device.and_then(|device| DEVICES.iter().position(|(name, _)| *name == device));
        index
            .map(Some)
            .ok_or_else(|| Refusal::bad(format!("Segment '{segment}' is not a supported segment.")))
    }

    fn count(
        &self,
        service: &Service,
        (first, last): (Date, Date),
        device: Option<usize>,
        now: Timestamp,
    ) -> Counted {
        let world = &self.matomo.world;
        if last < self.options.created || !service.is_digital() {
            return Counted::default();
        }
        let dates = (first.max(self.options.created), last.min(today(now, &self.zone())));
        let counts = world.span(service, dates, &self.zone(), Settling::MATOMO, now);
        let seed = draw(&[world.seed(), service.key(), part("matomo")]);
        let visible = |count: u64| {
            let count = share(count, service.consent, seed);
            let (one, two) = (share(count, 560, seed), share(count, 380, seed));
            match device {
                Some(0) => one,
                Some(1) => two.min(count - one),
                Some(_) => count - one - two.min(count - one),
                None => count,
            }
        };
        let (started, completed) = (visible(counts.started), visible(counts.on(Channel::Digital)));
        Counted { visits: started + started / 6, started, completed }
    }

    fn one(&self, plugin: &str, action: &str, service: &Service, counted: Counted) -> Result<Value, Refusal> {
        if counted.visits == 0 {
            return Ok(json!([]));
        }
        Ok(match (plugin, action) {
            ("VisitsSummary", _) => visits(counted, self.parameters.get("period")),
            ("Goals", _) => self.goal(counted),
            ("Events", action) => self.events(action, service, counted),
            ("Actions", _) => {
                let url = self.parameters.need("pageUrl")?;
                page(url, service, counted)
            }
            ("DevicesDetection", _) => devices(counted),
            ("Funnels", "getMetrics") => json!({
                "funnel_sum_entries": counted.started,
                "funnel_sum_exits": counted.started - counted.completed,
                "funnel_nb_conversions": counted.completed,
                "funnel_conversion_rate": rate(counted.completed, counted.started),
            }),
            _ => funnel(counted),
        })
    }

    fn goal(&self, counted: Counted) -> Value {
        let counts = [counted.started, counted.completed];
        let chosen = match self.parameters.get("idGoal") {
            None => counts.iter().sum(),
            Some(goal) => {
                let index = goal.parse::<usize>().ok().and_then(|goal| goal.checked_sub(1));
                match index.and_then(|index| counts.get(index)) {
                    Some(count) => *count,
                    None => return json!([]),
                }
            }
        };
        let mut goal = conversions(chosen, counted.visits);
        if self.parameters.is_on("showAllGoalSpecificMetrics")
            && let Some(members) = goal.as_object_mut()
        {
            for (number, count) in (1..).zip(counts) {
                for (name, value) in conversions(count, counted.visits).as_object().into_iter().flatten() {
                    members.insert(format!("goal_{number}_{name}"), value.clone());
                }
            }
        }
        goal
    }

    fn events(&self, action: &str, service: &Service, counted: Counted) -> Value {
        let row = |label: String, count: u64| {
            json!({
                "label": label,
                "nb_visits": count - count / 50,
                "nb_events": count,
                "nb_events_with_value": 0,
                "sum_event_value": 0,
                "min_event_value": false,
                "max_event_value": 0,
                "avg_event_value": 0,
                "idsubdatatable": 1,
            })
        };
        let own = [("start", counted.started), ("submit", counted.completed)];
        let mut rows: Vec<Value> = match action {
            "getCategory" if !self.parameters.is_on("flat") => {
                vec![row("application".to_owned(), counted.started + counted.completed)]
            }
            "getCategory" => own
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .map(|(name, count)| row(format!("application - {name}"), count))
                .collect(),
            _ => own
                .into_iter()
                .map(|(name, count)| (name.to_owned(), count))
                .chain((1..=MINOR_EVENTS).map(|number| {
                    let drawn = draw(&[service.key(), number, counted.started]);
                    (format!("help-{number}"), drawn % (counted.started / 20 + 2))
                }))
                .filter(|(_, count)| *count > 0)
                .map(|(name, count)| row(name, count))
                .collect(),
        };
        let size = |row: &Value| row.get("nb_events").and_then(Value::as_u64).unwrap_or(0);
        rows.sort_by_key(|row| std::cmp::Reverse(size(row)));
        Value::Array(rows)
    }
}

/// One metric alone stands for itself among several periods.
fn lone(value: Value) -> Value {
    match value.as_object() {
        Some(members) if members.len() == 1 => members.get("value").cloned().unwrap_or(value),
        _ => value,
    }
}

/// A rate in ten-thousandths: the last step, [`Query::finish`], turns it to a number or to text.
pub(super) fn rate(part: u64, whole: u64) -> Value {
    json!(part * 10_000 / whole.max(1))
}

fn conversions(count: u64, visits: u64) -> Value {
    let converted = count - count / 60;
    json!({
        "nb_conversions": count,
        "nb_visits_converted": converted,
        "revenue": 0,
        "conversion_rate": rate(converted, visits),
    })
}

fn visits(counted: Counted, period: Option<&str>) -> Value {
    let mut summary = json!({
        "nb_visits": counted.visits,
        "nb_actions": counted.visits * 4,
        "nb_visits_converted": counted.started,
        "bounce_count": counted.visits - counted.started,
        "sum_visit_length": counted.visits * 184,
        "max_actions": 31,
        "bounce_rate": rate(counted.visits - counted.started, counted.visits),
        "nb_actions_per_visit": 4,
        "avg_time_on_site": 184,
    });
    // Unique visitors are not computed for years and ranges unless configured.
    if let (Some("day" | "week" | "month"), Some(members)) = (period, summary.as_object_mut()) {
        members.insert("nb_uniq_visitors".to_owned(), json!(counted.visits - counted.visits / 12));
    }
    summary
}

fn goals(sites: &[u64]) -> Value {
    let of = |site: u64| {
        (1..).zip(GOALS).map(move |(number, name)| {
            json!({
                "idsite": site.to_string(),
                "idgoal": number.to_string(),
                "name": name,
                "description": "",
                "match_attribute": "url",
                "pattern": if number == 1 { "/start" } else { "/confirmation" },
                "pattern_type": "contains",
                "case_sensitive": "0",
                "allow_multiple": "0",
                "revenue": "0",
                "deleted": "0",
                "event_value_as_revenue": "0",
            })
        })
    };
    sites.iter().flat_map(|site| of(*site)).collect()
}

fn page(url: &str, service: &Service, counted: Counted) -> Value {
    let (_, path) = url.split_once(&service.host()).unwrap_or(("", url));
    let hits = match path {
        "/start" => counted.visits,
        "/confirmation" => counted.completed,
        _ => 0,
    };
    if hits == 0 {
        return json!([]);
    }
    json!([{
        "label": path,
        "nb_visits": hits - hits / 40,
        "nb_hits": hits,
        "sum_time_spent": hits * 40,
        "exit_rate": rate(1, 3),
        "url": format!("https://{}{path}", service.host()),
    }])
}

fn devices(counted: Counted) -> Value {
    let mut left = [counted.visits, counted.started, counted.completed];
    let shares = [560, 860, 1000];
    let rows = DEVICES.iter().zip(shares).map(|((name, label), thousandths)| {
        let taken = left.map(|count| share(count, thousandths, 0));
        left.iter_mut().zip(taken).for_each(|(left, taken)| *left -= taken);
        let [visits, started, completed] = taken;
        json!({
            "label": label,
            "nb_visits": visits,
            "nb_actions": visits * 4,
            "goals": {"idgoal=1": conversions(started, visits), "idgoal=2": conversions(completed, visits)},
            "segment": format!("deviceType=={name}"),
        })
    });
    rows.collect()
}

fn funnel(counted: Counted) -> Value {
    let steps = [
        ("Start", counted.started, counted.completed),
        ("Confirmation", counted.completed, counted.completed),
    ];
    (1..)
        .zip(steps)
        .map(|(position, (label, visits, proceeded))| {
            json!({
                "label": label,
                "step_nb_visits": visits + visits / 10,
                "step_nb_visits_actual": visits,
                "step_nb_entries": if position == 1 { visits } else { 0 },
                "step_nb_exits": (visits - proceeded).to_string(),
                "step_nb_skipped": 0,
                "step_nb_proceeded": proceeded,
                "step_proceeded_rate": rate(proceeded, visits),
                "step_position": position,
                "step_definition": format!("Path is equal to /{}", label.to_lowercase()),
            })
        })
        .collect()
}
