//! What must be true of a site before its figures mean what they are taken for.

use jiff::tz::TimeZone;
use serde_json::Value;

use super::ask::Answers;
use super::plan::{Plan, ServicePlan};
use super::refusal::Refusal;
use super::subject::{Question, Subject};
use crate::Reason;

/// What to ask about the site of a service.
pub(super) fn questions(service: &ServicePlan) -> Vec<Question> {
    let mut questions = vec![Question::site(service.site)];
    if goals(service).next().is_some() {
        questions.push(Question::goals(service.site));
    }
    questions
}

/// Goals the service counts by.
pub(super) fn goals(service: &ServicePlan) -> impl Iterator<Item = u32> {
    service.figures.iter().filter_map(|figure| match figure.subject {
        Subject::Goal(goal) => Some(goal),
        _ => None,
    })
}

/// Checks that the site counts days where we do, and has the goals; gives one line on each.
pub(super) fn check(plan: &Plan, service: &ServicePlan, answers: &Answers) -> Result<Vec<String>, Refusal> {
    let number = service.site;
    let site = answers.to(&Question::site(number))?;
    let mut lines = vec![time_zone(plan, number, site)?];
    if goals(service).next().is_none() {
        return Ok(lines);
    }
    let known = known_goals(number, answers.to(&Question::goals(number))?)?;
    for goal in goals(service) {
        // Matomo answers for a goal that is gone as for one that nobody reached.
        let Some((_, name)) = known.iter().find(|(id, _)| *id == goal) else {
            return Err(Refusal::new(Reason::Config, no_goal(number, goal, &known)));
        };
        lines.push(format!("goal {goal} of site {number} is {name:?}"));
    }
    Ok(lines)
}

fn time_zone(plan: &Plan, number: u32, site: &Value) -> Result<String, Refusal> {
    let text = |name: &str| site.get(name).and_then(Value::as_str);
    let Some(zone) = text("timezone") else {
        let problem =
            format!("Matomo's description of site {number} has no timezone; check `url` and `site`");
        return Err(Refusal::new(Reason::Malformed, problem));
    };
    let same = zone.eq_ignore_ascii_case(plan.settling.zone_name())
        || TimeZone::get(zone).is_ok_and(|zone| zone == plan.settling.zone);
    if !same {
        let problem = format!(
            "site {number} counts its days in {zone} and this collector is set to {}; set `time_zone` to \
             {zone:?}, or change the site's zone in Matomo, which applies to days from then on",
            plan.settling.zone_name()
        );
        return Err(Refusal::new(Reason::Config, problem));
    }
    Ok(format!("site {number} is {:?} and counts its days in {zone}", text("name").unwrap_or_default()))
}

/// Goals by number: an object by goal, or a list, depending on the version.
fn known_goals(number: u32, answer: &Value) -> Result<Vec<(u32, String)>, Refusal> {
    let each: Vec<&Value> = match answer {
        Value::Array(goals) => goals.iter().collect(),
        Value::Object(goals) => goals.values().collect(),
        _ => Vec::new(),
    };
    let read = |goal: &Value| {
        let id = match goal.get("idgoal")? {
            Value::String(text) => text.parse().ok()?,
            other => u32::try_from(other.as_u64()?).ok()?,
        };
        Some((id, goal.get("name").and_then(Value::as_str).unwrap_or_default().to_owned()))
    };
    each.into_iter().map(read).collect::<Option<Vec<_>>>().ok_or_else(|| {
        let problem = format!("Matomo's list of the goals of site {number} has one without idgoal");
        Refusal::new(Reason::Malformed, problem)
    })
}

fn no_goal(site: u32, goal: u32, known: &[(u32, String)]) -> String {
    let gone = format!("site {site} has no goal {goal}, which was deleted or never there");
    if known.is_empty() {
        return format!("{gone}, and no other goal either; create one in Matomo and name its number");
    }
    let listed: Vec<String> = known.iter().take(20).map(|(id, name)| format!("{id} {name:?}")).collect();
    format!("{gone}; it has {}: name one of these, or create the goal again in Matomo", listed.join(", "))
}
