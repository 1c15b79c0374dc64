use jiff::Timestamp;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use rstest::rstest;
use rust_decimal::Decimal;

use super::*;
use crate::service::{DigitalDefinition, Incomplete, SatisfactionFormula};
use crate::{PeriodKind, Point, Quality, Rating, Value};

/// A service under test: figures go in one by one, in any order.
struct Service {
    rules: ServiceRules,
    figures: Vec<(Line, Point)>,
}

impl Service {
    fn with_channels(channels: &[Channel]) -> Self {
        let rules = ServiceRules { channels: channels.to_vec(), ..ServiceRules::undeclared() };
        Self { rules, figures: Vec::new() }
    }

    fn says(mut self, measure: Measure, channel: Channel, period: Period, value: Value) -> Self {
        let line = Line { measure, channel, coverage: Coverage::All };
        self.figures.push((line, Point { period, value, quality: Quality::default() }));
        self
    }

    fn counts(self, measure: Measure, channel: Channel, period: Period, number: i64) -> Self {
        self.says(measure, channel, period, Value::Known(number.into()))
    }

    fn consented(mut self, measure: Measure, period: Period, number: i64) -> Self {
        self = self.counts(measure, Channel::Digital, period, number);
        self.figures.last_mut().unwrap().0.coverage = Coverage::Consented;
        self
    }

    fn table(&self) -> FigureTable {
        let mut table = FigureTable::new();
        let mut figures = self.figures.clone();
        figures.sort_by_key(|(line, point)| (*line, point.period));
        for group in figures.chunk_by(|a, b| a.0 == b.0 && a.1.period.kind() == b.1.period.kind()) {
            let entries = group.iter().map(|(_, point)| Entry {
                point: *point,
                collected_at: Timestamp::UNIX_EPOCH,
                revision: 1,
            });
            table.insert(group[0].0, group[0].1.period.kind(), entries.collect());
        }
        table
    }

    fn kpi(&self, kpi: Kpi, period: Period) -> KpiFigure {
        Calculator::new(&self.table(), &self.rules).compute(kpi, period)
    }
}

fn month(year: i16, month: i8) -> Period {
    Period::starting(PeriodKind::Month, date(year, month, 1)).unwrap()
}

fn day(day: Date) -> Period {
    Period::starting(PeriodKind::Day, day).unwrap()
}

fn text(figure: &KpiFigure) -> String {
    match &figure.state {
        KpiState::Known(value) => figure.kpi.text(value.value),
        state => format!("{}: {}", state.as_str(), state.explanation().unwrap_or_default()),
    }
}

use Channel::{AllChannels, AssistedDigital, Digital, Paper, Phone};
use Measure::{Completed, Cost, CostPerTransaction, DigitalTakeup, Started};

#[test]
fn takeup_is_digital_over_every_declared_channel() {
    let june = month(2026, 6);
    let service = Service::with_channels(&[Digital, AssistedDigital, Phone, Paper])
        .counts(Completed, Digital, june, 700)
        .counts(Completed, AssistedDigital, june, 50)
        .counts(Completed, Phone, june, 150)
        .counts(Completed, Paper, june, 100);
    let takeup = service.kpi(Kpi::DigitalTakeup, june);
    assert_eq!(text(&takeup), "0.750000");
    assert_eq!(takeup.state.known().unwrap().denominator, Some(1000.into()));
}

#[test]
fn a_missing_channel_leaves_takeup_undefined_rather_than_higher() {
    let june = month(2026, 6);
    let service = Service::with_channels(&[Digital, Phone]).counts(Completed, Digital, june, 700).says(
        Completed,
        Phone,
        june,
        Value::NotProvided,
    );
    assert_eq!(text(&service.kpi(Kpi::DigitalTakeup, june)), "not_provided: missing: completed by phone");
}

#[test]
fn a_total_is_the_denominator_where_it_is_the_only_one_known_and_is_never_added() {
    let june = month(2026, 6);
    let service = Service::with_channels(&[]).counts(Completed, Digital, june, 700).counts(
        Completed,
        AllChannels,
        june,
        1000,
    );
    assert_eq!(text(&service.kpi(Kpi::DigitalTakeup, june)), "0.700000");
    assert_eq!(text(&service.kpi(Kpi::Transactions, june)), "1000");
}

#[test]
fn a_total_that_differs_from_its_channels_is_a_warning() {
    let june = month(2026, 6);
    let service = Service::with_channels(&[Digital, Phone])
        .counts(Completed, Digital, june, 700)
        .counts(Completed, Phone, june, 200)
        .counts(Completed, AllChannels, june, 1000);
    let volume = service.kpi(Kpi::Transactions, june);
    assert_eq!(text(&volume), "900");
    assert!(volume.evidence.warning.unwrap().contains("the source's own total is 1000"));
}

#[rstest]
#[case::digital_above_total(
    531_193,
    9_119,
    "held_back: completed digitally (531193) is more than completed in all (9119)"
)]
#[case::negative(-1, 10, "held_back: completed by digital is negative (-1)")]
#[case::nothing_at_all(0, 0, "undefined: completed in all is 0")]
#[case::a_real_zero(0, 10, "0.000000")]
fn impossible_takeup_is_held_back_and_says_why(#[case] digital: i64, #[case] total: i64, #[case] said: &str) {
    let june = month(2026, 6);
    let service = Service::with_channels(&[]).counts(Completed, Digital, june, digital).counts(
        Completed,
        AllChannels,
        june,
        total,
    );
    assert_eq!(text(&service.kpi(Kpi::DigitalTakeup, june)), said);
}

#[rstest]
#[case(Value::NotApplicable, "1.000000")] // no such channel: left out
#[case(Value::Suppressed, "suppressed: ")]
#[case(Value::Withdrawn, "withdrawn: ")]
fn each_absence_keeps_its_meaning(#[case] phone: Value, #[case] said: &str) {
    let june = month(2026, 6);
    let service = Service::with_channels(&[Digital, Phone])
        .counts(Completed, Digital, june, 5)
        .says(Completed, Phone, june, phone);
    assert_eq!(text(&service.kpi(Kpi::DigitalTakeup, june)), said);
}

#[test]
fn a_service_without_a_digital_channel_has_no_takeup() {
    let june = month(2026, 6);
    let service = Service::with_channels(&[Paper]).counts(Completed, Paper, june, 5);
    assert_eq!(service.kpi(Kpi::DigitalTakeup, june).state, KpiState::NotApplicable);
    assert_eq!(service.kpi(Kpi::CompletionRate, june).state, KpiState::NotApplicable);
}

#[test]
fn a_change_of_definition_inside_a_period_is_visible() {
    let mut service = Service::with_channels(&[Digital, AssistedDigital, Phone]);
    service.rules.digital = vec![
        DigitalDefinition { from: None, channels: vec![Digital, AssistedDigital] },
        DigitalDefinition { from: Some(date(2014, 2, 1)), channels: vec![Digital] },
    ];
    for period in [month(2014, 1), month(2014, 2), month(2014, 3)] {
        for (channel, count) in [(Digital, 60), (AssistedDigital, 20), (Phone, 20)] {
            service = service.counts(Completed, channel, period, count);
        }
    }
    let quarter = Period::starting(PeriodKind::Quarter, date(2014, 1, 1)).unwrap();
    let takeup = service.kpi(Kpi::DigitalTakeup, quarter);
    assert_eq!(text(&takeup), "0.666667"); // 80 + 60 + 60 of 300
    assert_eq!(takeup.evidence.definition_changed_on, Some(date(2014, 2, 1)));

    let mut whole = Service::with_channels(&[Digital, AssistedDigital, Phone]);
    whole.rules = service.rules;
    for channel in [Digital, AssistedDigital, Phone] {
        whole = whole.counts(Completed, channel, quarter, 100);
    }
    assert_eq!(
        text(&whole.kpi(Kpi::DigitalTakeup, quarter)),
        "undefined: the definition of digital changed on 2014-02-01, inside the period"
    );
}

#[test]
fn consented_counts_make_a_rate_with_each_other_only() {
    let june = month(2026, 6);
    let service = Service::with_channels(&[Digital, Phone])
        .consented(Started, june, 100)
        .consented(Completed, june, 80)
        .counts(Completed, Digital, june, 900)
        .counts(Completed, Phone, june, 100);
    let rate = service.kpi(Kpi::CompletionRate, june);
    assert_eq!(text(&rate), "0.800000");
    assert_eq!(rate.evidence.coverage, Coverage::Consented);
    assert_eq!(text(&service.kpi(Kpi::DigitalTakeup, june)), "0.900000");

    let analytics_only = Service::with_channels(&[Digital, Phone])
        .consented(Completed, june, 80)
        .counts(Completed, Phone, june, 100);
    assert_eq!(
        text(&analytics_only.kpi(Kpi::DigitalTakeup, june)),
        "not_provided: missing: completed by digital for June 2026; the digital count there is covers only \
         users who accepted analytics cookies"
    );
}

#[rstest]
#[case(SatisfactionFormula::SatisfiedShare, "0.700000")]
#[case(SatisfactionFormula::MeanScaled, "0.675000")]
fn satisfaction_follows_the_declared_formula(#[case] formula: SatisfactionFormula, #[case] said: &str) {
    let june = month(2026, 6);
    let mut service = Service::with_channels(&[Digital]);
    service.rules.satisfaction = formula;
    for (rating, count) in Rating::ALL.into_iter().zip([10, 10, 10, 40, 30]) {
        service = service.counts(Measure::Rating(rating), Digital, june, count);
    }
    assert_eq!(text(&service.kpi(Kpi::UserSatisfaction, june)), said);
}

#[test]
fn a_level_nobody_reported_is_not_a_level_nobody_chose() {
    let june = month(2026, 6);
    let service = Service::with_channels(&[Digital]).counts(Measure::Rating(Rating::Five), Digital, june, 9);
    assert_eq!(service.kpi(Kpi::UserSatisfaction, june).state.as_str(), "not_provided");
}

#[test]
fn cost_is_computed_from_parts_and_a_published_one_is_labelled() {
    let june = month(2026, 6);
    let computed = Service::with_channels(&[])
        .counts(Cost, AllChannels, june, 1000)
        .counts(CostPerTransaction, AllChannels, june, 99)
        .counts(Completed, AllChannels, june, 300);
    let each = computed.kpi(Kpi::CostPerTransaction, june);
    assert_eq!((text(&each).as_str(), each.basis), ("3.333333", Basis::Computed));

    let published = Service::with_channels(&[])
        .says(CostPerTransaction, AllChannels, june, Value::Known("0.45".parse().unwrap()))
        .counts(Completed, AllChannels, june, 300);
    let each = published.kpi(Kpi::CostPerTransaction, june);
    assert_eq!((text(&each).as_str(), each.basis), ("0.450000", Basis::Published));
    assert_eq!(text(&published.kpi(Kpi::TotalCost, june)), "135.00");
}

#[test]
fn a_published_ratio_is_used_only_where_the_parts_are_unknown() {
    let june = month(2026, 6);
    let published = Value::Known("0.9".parse().unwrap());
    let alone = Service::with_channels(&[]).says(DigitalTakeup, AllChannels, june, published);
    assert_eq!(alone.kpi(Kpi::DigitalTakeup, june).basis, Basis::Published);
    let with_parts = Service::with_channels(&[])
        .says(DigitalTakeup, AllChannels, june, published)
        .counts(Completed, Digital, june, 1)
        .counts(Completed, AllChannels, june, 2);
    assert_eq!(text(&with_parts.kpi(Kpi::DigitalTakeup, june)), "0.500000");
}

#[test]
fn a_rolled_up_period_says_how_complete_it_is() {
    let june = month(2026, 6);
    let mut service = Service::with_channels(&[Digital]);
    for part in june.parts(PeriodKind::Day, &crate::period::london()).unwrap().into_iter().skip(1) {
        service = service.counts(Completed, Digital, part, 2);
    }
    assert_eq!(
        text(&service.kpi(Kpi::Transactions, june)),
        "not_provided: missing: completed by digital (29 of 30 days)"
    );
    service.rules.incomplete = Incomplete::SumOfKnown;
    let volume = service.kpi(Kpi::Transactions, june);
    assert_eq!(text(&volume), "58");
    assert_eq!(volume.evidence.completeness, Some(Completeness { known: 29, of: 30, kind: PeriodKind::Day }));
}

#[test]
fn a_quarter_that_was_not_asked_for_leaves_the_year_undefined() {
    let year = Period::starting(PeriodKind::YearTo, date(2025, 1, 1)).unwrap();
    let quarters = year.parts(PeriodKind::Quarter, &crate::period::london()).unwrap();
    let mut service = Service::with_channels(&[]);
    let not_asked = Value::NotApplicable;
    let known = |number: i64| Value::Known(number.into());
    let totals = [known(100), known(100), known(1000), not_asked];
    let digital = [known(10), not_asked, not_asked, known(900)];
    for ((quarter, total), digital) in quarters.iter().zip(totals).zip(digital) {
        service =
            service.says(Completed, AllChannels, *quarter, total).says(Completed, Digital, *quarter, digital);
    }
    assert_eq!(
        text(&service.kpi(Kpi::Transactions, year)),
        "not_provided: missing: completed by all_channels (3 of 4 quarters)"
    );
    assert_eq!(service.kpi(Kpi::DigitalTakeup, year).state.as_str(), "not_provided");
    let mut never = Service::with_channels(&[Digital, Phone]);
    for quarter in quarters {
        never = never.counts(Completed, Digital, quarter, 10).says(Completed, Phone, quarter, not_asked);
    }
    assert_eq!(text(&never.kpi(Kpi::DigitalTakeup, year)), "1.000000");
}

#[test]
fn figures_outside_the_period_do_not_change_it() {
    let june = month(2026, 6);
    let service = Service::with_channels(&[])
        .counts(Completed, Digital, june, 80)
        .counts(Completed, AllChannels, june, 100)
        .counts(Completed, AssistedDigital, month(2015, 6), 5)
        .counts(Measure::Rating(Rating::Five), Phone, month(2015, 6), 5);
    assert_eq!(text(&service.kpi(Kpi::DigitalTakeup, june)), "0.800000");
    assert_eq!(text(&service.kpi(Kpi::UserSatisfaction, june)), "not_provided: missing: ratings");
}

#[rstest]
#[case(0, "undefined: a cost for each transaction is given, and completed in all is 0")]
#[case(-5, "held_back: completed by all_channels is negative (-5)")]
fn a_published_cost_stands_only_with_a_volume_it_can_be_of(#[case] volume: i64, #[case] said: &str) {
    let june = month(2026, 6);
    let service = Service::with_channels(&[])
        .says(CostPerTransaction, AllChannels, june, Value::Known("2.5".parse().unwrap()))
        .counts(Completed, AllChannels, june, volume);
    assert_eq!(text(&service.kpi(Kpi::CostPerTransaction, june)), said);
    assert_eq!(text(&service.kpi(Kpi::TotalCost, june)), said);
}

#[test]
fn a_blank_whole_is_not_made_up_from_its_parts() {
    let quarter = Period::starting(PeriodKind::Quarter, date(2016, 1, 1)).unwrap();
    let mut service = Service::with_channels(&[]).says(Completed, AllChannels, quarter, Value::NotProvided);
    for part in quarter.parts(PeriodKind::Month, &crate::period::london()).unwrap() {
        service = service.counts(Completed, AllChannels, part, 10);
    }
    assert_eq!(service.kpi(Kpi::Transactions, quarter).state.as_str(), "not_provided");
}

#[test]
fn the_latest_period_is_the_newest_complete_one_that_says_something() {
    let mut service = Service::with_channels(&[Digital]);
    let mut today = date(2026, 1, 1);
    while today < date(2026, 3, 10) {
        service = service.counts(Completed, Digital, day(today), 1);
        today = today.tomorrow().unwrap();
    }
    let table = service.table();
    let now = "2026-03-10T08:00Z".parse().unwrap();
    let calculator = Calculator::new(&table, &service.rules);
    let latest = |kind| calculator.latest(Kpi::Transactions, kind, now).unwrap();
    assert_eq!(latest(PeriodKind::Day).period, day(date(2026, 3, 9)));
    assert_eq!(latest(PeriodKind::Month).period, month(2026, 2));
    assert_eq!(text(&latest(PeriodKind::Month)), "28");
    assert_eq!(latest(PeriodKind::Week).period.start_date(), date(2026, 3, 2));
    assert_eq!(calculator.latest(Kpi::Transactions, PeriodKind::YearTo, now), None);
}

#[test]
fn a_group_counts_services_that_have_both_parts_and_names_the_held_back() {
    let june = month(2026, 6);
    let service = |digital: Value, total: i64| {
        Service::with_channels(&[]).says(Completed, Digital, june, digital).counts(
            Completed,
            AllChannels,
            june,
            total,
        )
    };
    let services = [
        service(Value::Known(90.into()), 100),
        service(Value::Known(10.into()), 100),
        service(Value::NotProvided, 50),
        service(Value::Known(60.into()), 50),
    ];
    let ids: Vec<crate::ServiceId> = ["a", "b", "c", "d"].map(|id| id.parse().unwrap()).to_vec();
    let figures: Vec<_> = services.iter().map(|service| service.kpi(Kpi::DigitalTakeup, june)).collect();
    let volumes: Vec<_> = services
        .iter()
        .map(|service| service.kpi(Kpi::Transactions, june).state.known().map(|value| value.value))
        .collect();
    let members = ids.iter().zip(&figures).zip(&volumes).map(|((service, figure), volume)| Member {
        service,
        figure,
        transactions: *volume,
    });
    let group = combine(Kpi::DigitalTakeup, june, members);
    assert_eq!(text(&group.figure), "0.500000");
    assert_eq!(group.services, ServicesCounted { counted: 2, of: 4 });
    assert_eq!(group.volume_share, Some(Decimal::from(200) / Decimal::from(300)));
    assert_eq!(group.held_back[0].0.as_str(), "d");
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => (-5..2_000_i64).prop_map(|number| Value::Known(number.into())),
        1 => Just(Value::NotProvided),
        1 => Just(Value::NotApplicable),
        1 => Just(Value::Suppressed),
        1 => Just(Value::Withdrawn),
    ]
}

proptest! {
    #[test]
    fn no_rate_leaves_nought_to_one(values in proptest::collection::vec(value(), 12), declared in any::<bool>()) {
        let june = month(2026, 6);
        let channels = [Digital, AssistedDigital, Phone, Paper];
        let mut service = Service::with_channels(if declared { &channels } else { &[] });
        let lines = [Completed, Started].into_iter()
            .flat_map(|measure| channels.map(|channel| (measure, channel)))
            .chain([(Completed, AllChannels), (DigitalTakeup, AllChannels)]);
        for ((measure, channel), value) in lines.zip(values) {
            service = service.says(measure, channel, june, value);
        }
        for kpi in [Kpi::DigitalTakeup, Kpi::CompletionRate, Kpi::UserSatisfaction] {
            if let Some(known) = service.kpi(kpi, june).state.known() {
                prop_assert!(known.value >= Decimal::ZERO && known.value <= Decimal::ONE);
            }
        }
    }

    #[test]
    fn rolling_up_in_any_order_agrees(counts in proptest::collection::vec(0..10_000_i64, 366), year in 2019..2029_i16) {
        let whole = Period::starting(PeriodKind::Year, date(year, 1, 1)).unwrap();
        let mut service = Service::with_channels(&[Digital]);
        let mut expected = 0;
        let mut today = date(year, 1, 1);
        for count in counts {
            if today.year() != year {
                break;
            }
            service = service.counts(Completed, Digital, day(today), count);
            expected += count;
            today = today.tomorrow().unwrap();
        }
        service.figures.reverse();
        let table = service.table();
        let calculator = Calculator::new(&table, &service.rules);
        let volume = |period| calculator.compute(Kpi::Transactions, period).state.known().unwrap().value;
        let sum_of = |kind| {
            let zone = crate::period::london();
            whole.parts(kind, &zone).unwrap().into_iter().map(volume).sum::<Decimal>()
        };
        prop_assert_eq!(volume(whole), expected.into());
        prop_assert_eq!(sum_of(PeriodKind::Month), expected.into());
        prop_assert_eq!(sum_of(PeriodKind::Quarter), expected.into());
    }

    #[test]
    fn missing_never_becomes_zero(known in proptest::collection::vec(any::<bool>(), 30)) {
        let june = month(2026, 6);
        let mut service = Service::with_channels(&[Digital]);
        let days = june.parts(PeriodKind::Day, &crate::period::london()).unwrap();
        for (period, known) in days.into_iter().zip(&known) {
            let value = if *known { Value::Known(1.into()) } else { Value::NotProvided };
            service = service.says(Completed, Digital, period, value);
        }
        let volume = service.kpi(Kpi::Transactions, june);
        prop_assert_eq!(volume.state.known().is_some(), known.iter().all(|known| *known));
    }
}
