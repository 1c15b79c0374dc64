//! What is known about a service beside its figures.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Channel, OrganisationId, ServiceId};

/// An organisation as a source or the configuration names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// GOV.UK slug.
    pub id: OrganisationId,
    /// Name as shown to people.
    pub name: String,
}

/// A service as a source describes it: who runs it and what it is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceDescription {
    /// Stable id.
    pub id: ServiceId,
    /// Name as shown to people.
    pub name: String,
    /// The department responsible, where the source says so.
    pub department: Option<Organisation>,
    /// The agency or other body that runs it, where the source says so.
    pub agency: Option<Organisation>,
}

/// How a service turns five rating counts into one user satisfaction figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SatisfactionFormula {
    /// Ratings of 4 and 5 over all ratings (service manual since 2013).
    #[default]
    SatisfiedShare,
    /// (mean − 1) / 4, as the GOV.UK Performance Platform displayed it.
    MeanScaled,
}

/// What becomes of a rolled-up period when one of its parts is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Incomplete {
    /// The period is not provided.
    #[default]
    Undefined,
    /// The parts that are known are summed, and the figure says how many there are.
    SumOfKnown,
}

/// Which channels count as digital from a date on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigitalDefinition {
    /// First day it applies to. `None` since the beginning.
    pub from: Option<Date>,
    /// The channels that count as digital.
    pub channels: Vec<Channel>,
}

/// What the arithmetic needs to know about a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRules {
    /// The channels users can come by. Empty where nobody has declared them: then a total given by
    /// the source is the only denominator.
    pub channels: Vec<Channel>,
    /// Dated definitions of digital, in order of date; never empty.
    pub digital: Vec<DigitalDefinition>,
    /// How satisfaction is computed.
    pub satisfaction: SatisfactionFormula,
    /// What becomes of a period with a missing part.
    pub incomplete: Incomplete,
    /// The zone whose days and months the periods are.
    pub time_zone: jiff::tz::TimeZone,
}

impl ServiceRules {
    /// The rules of a service nobody has declared rules for: `digital`, `assisted_digital` and
    /// `api` count as digital (service manual since 2016), in London time.
    pub fn undeclared() -> Self {
        Self {
            channels: Vec::new(),
            digital: vec![DigitalDefinition {
                from: None,
                channels: vec![Channel::Digital, Channel::AssistedDigital, Channel::Api],
            }],
            satisfaction: SatisfactionFormula::default(),
            incomplete: Incomplete::default(),
            time_zone: crate::period::london(),
        }
    }
}
