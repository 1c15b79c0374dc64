//! Chance, injected so that tests decide it.

use std::time::Duration;

/// Where chance comes from.
pub trait Randomness: Send + Sync {
    /// A duration from zero to `longest`.
    fn up_to(&self, longest: Duration) -> Duration;
}

/// The machine's own chance.
#[derive(Debug, Clone, Copy, Default)]
pub struct MachineRandomness;

impl Randomness for MachineRandomness {
    fn up_to(&self, longest: Duration) -> Duration {
        longest.mul_f64(fastrand::f64())
    }
}
