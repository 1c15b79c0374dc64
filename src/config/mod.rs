//! Configuration: raw layers, then resolved, then validated, with every error reported at once.

pub mod settings;

pub use settings::Settings;
