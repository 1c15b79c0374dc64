//! Numbers, money, dates and names in sentences, in the style of GOV.UK.
//!
//! <https://www.gov.uk/guidance/style-guide/a-to-z>

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kpi::{Channel, Kpi, Period, PeriodKind};
use rust_decimal::{Decimal, RoundingStrategy};

/// Ten pounds and more are told without pence.
const WHOLE_POUNDS_FROM: Decimal = Decimal::TEN;

/// With commas between thousands, rounded half away from zero.
pub fn number(value: Decimal, decimals: u32) -> String {
    let mut rounded = value.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(decimals);
    let text = rounded.to_string();
    let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, part)| (whole, Some(part)));
    let digits = whole.len();
    let mut grouped = sign.to_owned();
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && (digits - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if let Some(fraction) = fraction {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    grouped
}

/// A number of transactions: `12,345 transactions`.
pub fn transactions(count: Decimal) -> String {
    let noun = if count == Decimal::ONE { "transaction" } else { "transactions" };
    format!("{} {noun}", number(count, 0))
}

/// A ratio as `62%`, or as `62.4%` where a change of less than a point is told.
pub fn percentage(ratio: Decimal, decimals: u32) -> String {
    format!("{}%", number(ratio * Decimal::ONE_HUNDRED, decimals))
}

/// The decimals that two percentages need for their difference to be seen.
pub fn decimals_between(one: Decimal, other: Decimal) -> u32 {
    u32::from(((one - other) * Decimal::ONE_HUNDRED).abs() < Decimal::ONE)
}

/// The size of a difference between ratios: `8 percentage points`, `0.4 percentage points`.
pub fn percentage_points(difference: Decimal) -> String {
    let size = (difference * Decimal::ONE_HUNDRED).abs();
    let text = number(size, u32::from(size < Decimal::ONE));
    let noun = if text == "1" { "percentage point" } else { "percentage points" };
    format!("{text} {noun}")
}

/// Money: `£3.42`, `£34`, `£1,240`, `less than 1p`.
pub fn pounds(amount: Decimal) -> String {
    let size = amount.abs();
    if size > Decimal::ZERO && size < Decimal::new(1, 2) {
        return "less than 1p".to_owned();
    }
    let sign = if amount.is_sign_negative() && !amount.is_zero() { "-" } else { "" };
    format!("{sign}£{}", number(size, if size < WHOLE_POUNDS_FROM { 2 } else { 0 }))
}

/// A period inside a sentence, with the article it takes: `the week ending 15 November 2026`.
pub fn period(period: Period) -> String {
    let (start, last) = (period.start_date(), period.end_date().yesterday().unwrap_or(period.start_date()));
    match period.kind() {
        PeriodKind::Hour => format!("the hour from {}", period.start_text()),
        PeriodKind::Day => date(start),
        PeriodKind::Week => format!("the week ending {}", date(last)),
        PeriodKind::Month => start.strftime("%B %Y").to_string(),
        PeriodKind::Quarter => format!("{} to {}", start.strftime("%B"), last.strftime("%B %Y")),
        PeriodKind::Year => start.year().to_string(),
        PeriodKind::FinancialYear => format!("the financial year {} to {}", start.year(), last.year()),
        PeriodKind::YearTo => format!("the year to {}", last.strftime("%B %Y")),
    }
}

/// `in` or `on`, whichever a period takes.
pub fn in_period(shown: Period) -> String {
    let preposition = if shown.kind() == PeriodKind::Day { "on" } else { "in" };
    format!("{preposition} {}", period(shown))
}

/// Several periods of one kind: `the weeks ending 9 August to 8 November 2026`.
pub fn periods(first: Period, last: Period) -> String {
    if first == last {
        return period(first);
    }
    match first.kind() {
        PeriodKind::Week => {
            let end = |shown: Period| shown.end_date().yesterday().unwrap_or(shown.start_date());
            format!("the weeks ending {} to {}", date(end(first)), date(end(last)))
        }
        _ => format!("{} to {}", period(first), period(last)),
    }
}

/// `15 November 2026`.
pub fn date(date: jiff::civil::Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

/// An instant as people say it: `9:30am on 15 November 2026`.
pub fn instant(instant: Timestamp, zone: &TimeZone) -> String {
    let local = instant.to_zoned(zone.clone());
    let time = match (local.hour(), local.minute()) {
        (0, 0) => "midnight".to_owned(),
        (12, 0) => "midday".to_owned(),
        (hour, minute) => {
            let half = if hour < 12 { "am" } else { "pm" };
            let hour = if hour % 12 == 0 { 12 } else { hour % 12 };
            if minute == 0 { format!("{hour}{half}") } else { format!("{hour}:{minute:02}{half}") }
        }
    };
    format!("{time} on {}", date(local.date()))
}

/// A KPI inside a sentence.
pub const fn kpi(kpi: Kpi) -> &'static str {
    match kpi {
        Kpi::Transactions => "the number of transactions",
        Kpi::DigitalTakeup => "digital take-up",
        Kpi::CompletionRate => "the completion rate",
        Kpi::CostPerTransaction => "the cost per transaction",
        Kpi::TotalCost => "the total cost",
        Kpi::UserSatisfaction => "user satisfaction",
    }
}

/// A channel inside a sentence.
pub const fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Digital => "online",
        Channel::AssistedDigital => "online with help",
        Channel::Api => "by other systems",
        Channel::Phone => "by phone",
        Channel::Paper => "on paper",
        Channel::FaceToFace => "face to face",
        Channel::Other => "in other ways",
        Channel::AllChannels => "in all ways",
    }
}

/// The same text with a capital first letter.
pub fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[rstest]
    #[case("0", "0")]
    #[case("999", "999")]
    #[case("1234567.5", "1,234,568")]
    #[case("-1234", "-1,234")]
    fn thousands_have_commas(#[case] value: &str, #[case] shown: &str) {
        assert_eq!(number(decimal(value), 0), shown);
    }

    #[rstest]
    #[case("0.08", "8 percentage points")]
    #[case("-0.01", "1 percentage point")]
    #[case("0.004", "0.4 percentage points")]
    #[case("0.0996", "10 percentage points")]
    fn changes_of_ratios_are_percentage_points(#[case] difference: &str, #[case] shown: &str) {
        assert_eq!(percentage_points(decimal(difference)), shown);
    }

    #[rstest]
    #[case("3.4", "£3.40")]
    #[case("34.4", "£34")]
    #[case("1240", "£1,240")]
    #[case("0.004", "less than 1p")]
    #[case("0", "£0.00")]
    fn pence_are_told_below_ten_pounds(#[case] amount: &str, #[case] shown: &str) {
        assert_eq!(pounds(decimal(amount)), shown);
    }

    #[rstest]
    #[case(PeriodKind::Day, "2026-11-15", "15 November 2026")]
    #[case(PeriodKind::Week, "2026-11-09", "the week ending 15 November 2026")]
    #[case(PeriodKind::Month, "2026-10-01", "October 2026")]
    #[case(PeriodKind::Quarter, "2026-07-01", "July to September 2026")]
    #[case(PeriodKind::FinancialYear, "2025-04-01", "the financial year 2025 to 2026")]
    #[case(PeriodKind::YearTo, "2025-04-01", "the year to March 2026")]
    fn periods_are_named_as_people_name_them(
        #[case] kind: PeriodKind,
        #[case] start: &str,
        #[case] shown: &str,
    ) {
        assert_eq!(period(Period::starting(kind, start.parse().unwrap()).unwrap()), shown);
    }

    #[rstest]
    #[case("2026-11-18T09:30:00Z", "9:30am on 18 November 2026")]
    #[case("2026-07-18T11:00:00Z", "midday on 18 July 2026")]
    #[case("2026-11-18T00:00:00Z", "midnight on 18 November 2026")]
    #[case("2026-11-18T17:00:00Z", "5pm on 18 November 2026")]
    fn times_are_told_as_people_tell_them(#[case] at: &str, #[case] shown: &str) {
        assert_eq!(instant(at.parse().unwrap(), &kpi::period::london()), shown);
    }
}
