//! What the figures of a public service mean: the words of the product and the arithmetic on them.
//!
//! Nothing here does I/O, awaits or reads a clock: every function decides from its arguments alone.
//! The formulae are those of the Government Digital Service's mandatory KPIs; each states its source.

pub mod batch;
pub mod calculate;
pub mod channel;
pub mod figure;
pub mod id;
pub mod measure;
pub mod period;
pub mod quality;
pub mod service;
pub mod value;

pub use batch::{Batch, BatchBuilder, Note, SeriesFigures};
pub use calculate::Kpi;
pub use channel::Channel;
pub use figure::{FigureKey, Point, SeriesKey};
pub use id::{CollectorName, OrganisationId, ReceiverName, ServiceId};
pub use measure::{Measure, Rating};
pub use period::{Period, PeriodKind};
pub use quality::{Coverage, Quality, SampledShare};
pub use value::Value;
