//! Who may push figures.

use std::collections::BTreeMap;

use kpi::CollectorName;

use super::Source;
use super::path::KeyPath;
use super::raw::{RawCollector, RawPusher};
use super::resolve::Checker;
use super::settings::PusherSettings;

/// Everybody who may; `None` when something in one is refused.
pub(super) fn pushers(
    raw: &BTreeMap<String, RawPusher>,
    collectors: &BTreeMap<String, RawCollector>,
    checker: &mut Checker<'_>,
    source: &Source,
) -> Option<Vec<PusherSettings>> {
    let built: Vec<_> = raw
        .iter()
        .map(|(name, raw)| {
            let at = KeyPath::of(&["push", name]);
            if collectors.contains_key(name) {
                checker.refuse(&at, "a collector has this name, and figures are kept by it; give another");
            }
            pusher(name, raw, &at, checker, source)
        })
        .collect();
    built.into_iter().collect()
}

fn pusher(
    name: &str,
    raw: &RawPusher,
    at: &KeyPath,
    checker: &mut Checker<'_>,
    source: &Source,
) -> Option<PusherSettings> {
    let name = name.parse::<CollectorName>().map_err(|error| checker.refuse(at, error.to_string())).ok();
    checker.token(&at.key("token"), raw.token.as_ref(), source);
    let services = checker.each(&raw.services, &at.key("services"));
    Some(PusherSettings { name: name?, token: raw.token.as_ref()?.open(), services })
}
