//! Which services are an instance's own where several share the work.
//!
//! A service belongs to shard `k` of `n` by its id alone: the first eight bytes of the SHA-256 of the id,
//! as a big-endian number, modulo `n`, plus one. Anyone can compute it; it never changes.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use kpi::ServiceId;
use sha2::{Digest as _, Sha256};

/// One of several equal parts of all services, written `2/8`: the second of eight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 1 to `count`.
    number: u64,
    count: NonZeroU64,
}

/// Why a text is not a shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a shard; write the number of this instance and how many there are, such as 2/8, from 1/8 to 8/8"
)]
pub struct ShardError(String);

impl Shard {
    /// Whether a service is this shard's own.
    pub fn owns(&self, service: &ServiceId) -> bool {
        let hash = Sha256::digest(service.as_str());
        let number = hash.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        number % self.count + 1 == self.number
    }

    /// The shard as part of the name of a file.
    pub fn file_name(&self) -> String {
        format!("shard-{}-of-{}", self.number, self.count)
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let parse = || {
            let (number, count) = text.split_once('/')?;
            let shard = Self { number: number.parse().ok()?, count: count.parse().ok()? };
            (1..=shard.count.get()).contains(&shard.number).then_some(shard)
        };
        parse().ok_or_else(|| ShardError(text.to_owned()))
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.count)
    }
}
