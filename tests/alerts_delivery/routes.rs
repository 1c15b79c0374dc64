//! Who takes what.

use std::collections::BTreeSet;

use pp_collector::alerts::deliver::Route;
use pp_collector::alerts::{Rule, Severity, Subject};

use crate::land::*;

#[test]
fn every_condition_of_a_route_must_hold() {
    let alert = fall("renew-a-licence");
    let critical = worse(&alert);
    let takes = |route: &Route| (route.takes(&alert, &services()), route.takes(&critical, &services()));
    assert_eq!(takes(&everything()), (true, true));
    assert_eq!(takes(&Route { least_severity: Severity::Critical, ..everything() }), (false, true));
    assert_eq!(takes(&Route { rules: BTreeSet::from([Rule::Overdue]), ..everything() }), (false, false));
    let service = |id: &str| Route { services: BTreeSet::from([id.parse().unwrap()]), ..everything() };
    assert_eq!(takes(&service("renew-a-licence")), (true, true));
    assert_eq!(takes(&service("tax-a-vehicle")), (false, false));
    let department = |id: &str| Route { departments: BTreeSet::from([id.parse().unwrap()]), ..everything() };
    assert_eq!(takes(&department("department-for-transport")), (true, true));
    assert_eq!(takes(&department("home-office")), (false, false));
    let both = Route { rules: BTreeSet::from([Rule::Drop]), ..department("home-office") };
    assert_eq!(takes(&both), (false, false));
}

#[test]
fn an_alert_about_a_source_goes_to_whoever_takes_one_of_its_services() {
    let mut alert = fall("renew-a-licence");
    alert.subject = Subject::Source("ga4-main".parse().unwrap());
    alert.evidence.services = vec!["tax-a-vehicle".parse().unwrap()];
    let service = |id: &str| Route { services: BTreeSet::from([id.parse().unwrap()]), ..everything() };
    assert!(service("tax-a-vehicle").takes(&alert, &services()));
    assert!(!service("renew-a-licence").takes(&alert, &services()));
}
