//! One stretch of periods in which something was wrong.

use kpi::Period;
use rust_decimal::Decimal;

use crate::alerts::alert::Growth;

/// What was wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The KPI fell.
    Fall,
    /// It fell, and the counts look like lost data.
    LostData,
    /// It is exactly nothing after having been something.
    Zero,
    /// Its parts contradict each other; how, in plain words.
    Contradiction(String),
    /// It goes down slowly.
    Erosion,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The KPI came back, or the figures are right again.
    Recovered,
    /// It stayed, and is the level by now.
    NewLevel,
}

/// One stretch of periods in which something was wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Episode {
    /// What.
    pub cause: Cause,
    /// The first period of it.
    pub began: Period,
    /// The period that told: later than the first where one alone was not enough.
    pub told_by: Period,
    /// The period from which on it was critical.
    pub critical_from: Option<Period>,
    /// The newest period of it.
    pub latest: Period,
    /// The period it ended in, and how; `None` while it lasts.
    pub ended: Option<(Period, Ending)>,
    /// What was expected of the newest period; `None` where no number means anything.
    pub expected: Option<Decimal>,
    /// What it was.
    pub seen: Option<Decimal>,
    /// Transactions it rests on.
    pub transactions: Option<Decimal>,
    /// The first and last period that the expectation was learnt from.
    pub learnt_from: Option<(Period, Period)>,
    /// The channel that grew most.
    pub grew: Option<Growth>,
    /// Whether the digital count itself went down; `None` where there is none.
    pub digital_count_fell: Option<bool>,
}

/// What is to be expected of the periods to come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlook {
    /// The period after the newest one.
    pub next: Period,
    /// Below this, the next period would be an alert by itself. While a fall lasts, of the level it fell from.
    pub expected_lower: Decimal,
    /// What to expect four periods after the newest; `None` while a fall lasts, since nobody knows how long.
    pub forecast: Option<Decimal>,
}

/// Everything detection has to say of one KPI of a service at one cadence.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judgement {
    /// Every episode, in order of its beginning. Of those about one thing
    /// (a fall, a slow fall, figures that cannot be right) at most one lasts.
    pub episodes: Vec<Episode>,
    /// What is to come; `None` while there is too little history.
    pub outlook: Option<Outlook>,
}

impl Episode {
    pub(super) const fn new(cause: Cause, began: Period, told_by: Period) -> Self {
        Self {
            cause,
            began,
            told_by,
            critical_from: None,
            latest: told_by,
            ended: None,
            expected: None,
            seen: None,
            transactions: None,
            learnt_from: None,
            grew: None,
            digital_count_fell: None,
        }
    }
}
