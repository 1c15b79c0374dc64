//! Ready-made mappings, as defaults under what the configuration sets itself.

use kpi::{Channel, Measure, PeriodKind};

use super::cell::{FootnoteMarks, Ratios};
use super::config::{Columns, FigureColumns, LayoutName, OnError, Preset, Settings, Source};
use super::dates::Format;

/// Fills in what a preset knows and the configuration leaves open.
pub(super) fn apply(settings: &mut Settings) {
    match settings.preset {
        Some(Preset::TransactionalServices) => transactional_services(settings),
        None => {}
    }
}

/// The sheet GDS kept from 2012 to 2017. Editions differ in columns, their order and the spacing of
/// headers; every one has quirks, so that one bad cell is a note and not the end of 750 services.
fn transactional_services(settings: &mut Settings) {
    settings.layout.get_or_insert(LayoutName::Wide);
    settings.on_error.get_or_insert(OnError::SkipCell);
    settings.footnote_marks.get_or_insert(FootnoteMarks::Strip);
    settings.ratios.get_or_insert(Ratios::Auto);
    let Columns { service, name, department, agency, .. } = &mut settings.columns;
    service.get_or_insert_with(|| Source::header("Slug"));
    name.get_or_insert_with(|| Source::optional("Name of service"));
    department.get_or_insert_with(|| Source::optional("Department"));
    agency.get_or_insert_with(|| Source::optional("Agency/body"));
    // A label says when figures were asked for. The trial collection of 2012-Q4 was asked for the
    // financial year 2011 to 2012 instead of the 12 months before.
    settings.periods.names.entry("2012-Q4".to_owned()).or_insert_with(|| "2011-04-01".to_owned());
    if settings.figures.is_empty() {
        settings.figures = transactional_figures();
    }
}

fn transactional_figures() -> Vec<FigureColumns> {
    use Channel::{AllChannels, Digital};
    use Measure::{Completed, CompletionRate, CostPerTransaction, SatisfactionScore};
    const YEAR: &str = r"(?<period>\d{4} ?[-–] ?Q ?\d)";
    const QUARTER: &str = r"(?<period>[a-z]{3,9} ?(?:-|–|to) ?[a-z]{3,9} \d{4})";
    let column = |header: String, measure, channel, period_kind, format| FigureColumns {
        header,
        measure: Some(measure),
        channel: Some(channel),
        coverage: None,
        period_kind: Some(period_kind),
        formats: Some(vec![format]),
    };
    let year = |name: &str, measure, channel| {
        column(format!("{YEAR} {name}"), measure, channel, PeriodKind::YearTo, Format::AskedForQuarter)
    };
    let quarter = |name: &str, channel| {
        column(format!("{name} {QUARTER}"), Completed, channel, PeriodKind::Quarter, Format::MonthRange)
    };
    vec![
        year(r"vol(?:\.|umes?)?", Completed, AllChannels),
        year(r"digital vol(?:\.|umes?)?", Completed, Digital),
        // The pound sign in the header is the first thing a wrong encoding garbles.
        year(r"CPT(?: ?\([^)]*\))?", CostPerTransaction, AllChannels),
        year(r"digital CPT(?: ?\([^)]*\))?", CostPerTransaction, Digital),
        year(r"completion rate(?: ?\(?%\)?)?", CompletionRate, Digital),
        year(r"user satisfaction(?: ?\(?%\)?)?", SatisfactionScore, Digital),
        quarter("total transactions", AllChannels),
        quarter("digital transactions", Digital),
    ]
}
