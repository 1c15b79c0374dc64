//! Departments and government: sums over services that have both parts, never a mean of rates.

use rust_decimal::Decimal;
use serde::Serialize;

use super::result::{Evidence, KpiFigure, KpiState, KpiValue};
use super::{Kpi, Unit};
use crate::{Period, ServiceId};

/// A service's contribution to a group.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// Which service.
    pub service: &'a ServiceId,
    /// Its KPI for the group's period.
    pub figure: &'a KpiFigure,
    /// Its completed transactions in the same period, where known.
    pub transactions: Option<Decimal>,
}

/// How many services a group's value is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ServicesCounted {
    /// Services whose parts are in the sums.
    pub counted: usize,
    /// Services of the group to which the KPI applies.
    pub of: usize,
}

/// A KPI of a group for one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupFigure {
    /// Value, basis and evidence, as for a service.
    pub figure: KpiFigure,
    /// Coverage by services.
    pub services: ServicesCounted,
    /// Coverage by volume, 0 to 1: transactions of the services counted over those of every service
    /// of the group whose volume is known.
    pub volume_share: Option<Decimal>,
    /// Services left out because their figures contradict each other, with what is wrong.
    pub held_back: Vec<(ServiceId, String)>,
}

/// The KPI of a group: the sum of numerators over the sum of denominators of the services that have
/// both. A service known only by a ready-made ratio has no parts and is not counted.
pub fn combine<'a>(kpi: Kpi, period: Period, members: impl IntoIterator<Item = Member<'a>>) -> GroupFigure {
    let mut sums = Sums::default();
    let mut services = ServicesCounted::default();
    let mut held_back = Vec::new();
    let mut evidence = Evidence::default();
    let mut is_empty = true;
    for member in members {
        is_empty = false;
        match &member.figure.state {
            KpiState::NotApplicable => continue,
            KpiState::HeldBack(why) => held_back.push((member.service.clone(), why.clone())),
            KpiState::Known(value) if sums.add(kpi, value, member.transactions) => {
                services.counted += 1;
                evidence.absorb(&member.figure.evidence);
            }
            _ => {}
        }
        services.of += 1;
        sums.known_volume += member.transactions.unwrap_or_default();
    }
    // What a single service was revised or warned about says nothing of the sum.
    evidence.warning = None;
    let state = sums.state(kpi, services, is_empty);
    let volume_share = sums.counted_volume.checked_div(sums.known_volume);
    GroupFigure { figure: super::figure(kpi, period, state, evidence), services, volume_share, held_back }
}

#[derive(Default)]
struct Sums {
    numerator: Decimal,
    denominator: Decimal,
    counted_volume: Decimal,
    known_volume: Decimal,
}

impl Sums {
    /// Whether the service had both parts and they were added.
    fn add(&mut self, kpi: Kpi, value: &KpiValue, transactions: Option<Decimal>) -> bool {
        let denominator = if is_ratio(kpi) { value.denominator } else { Some(Decimal::ZERO) };
        let (Some(numerator), Some(denominator)) = (value.numerator, denominator) else { return false };
        let sums = (self.numerator.checked_add(numerator), self.denominator.checked_add(denominator));
        let (Some(numerator), Some(denominator)) = sums else { return false };
        self.numerator = numerator;
        self.denominator = denominator;
        self.counted_volume += transactions.unwrap_or_default();
        true
    }

    fn state(&self, kpi: Kpi, services: ServicesCounted, is_empty: bool) -> KpiState {
        if is_empty {
            return KpiState::NotProvided("no service of the group is known".to_owned());
        }
        if services.of == 0 {
            return KpiState::NotApplicable;
        }
        if services.counted == 0 {
            return KpiState::NotProvided("no service of the group has both parts".to_owned());
        }
        if !is_ratio(kpi) {
            let value = self.numerator;
            return KpiState::Known(KpiValue { value, numerator: Some(value), denominator: None });
        }
        match self.numerator.checked_div(self.denominator) {
            Some(value) => KpiState::Known(KpiValue {
                value,
                numerator: Some(self.numerator),
                denominator: Some(self.denominator),
            }),
            None => KpiState::Undefined("the services counted have no transactions".to_owned()),
        }
    }
}

fn is_ratio(kpi: Kpi) -> bool {
    kpi.unit() == Unit::Ratio || kpi == Kpi::CostPerTransaction
}
