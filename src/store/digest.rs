//! A checksum over the history of a series, the same for the same content in any order.

use std::fmt;

use kpi::SampledShare;
use sha2::{Digest as _, Sha256};

use super::{Revision, SeriesHistory};

/// Enough of a checksum for people to tell two apart.
const SHOWN_BYTES: usize = 6;

/// How many revisions a series has, and a checksum over them and its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesDigest {
    /// Revisions.
    pub revisions: u64,
    /// SHA-256 of the canonical text of each, and of the owner, joined by exclusive or: no two texts of
    /// one series are the same, so none takes another out.
    checksum: [u8; 32],
}

impl SeriesDigest {
    /// The digest of a series.
    pub fn of(series: &SeriesHistory) -> Self {
        let mut digest = Self { revisions: 0, checksum: [0; 32] };
        digest.mix(&format!("owner {}", series.owner));
        for revision in &series.revisions {
            digest.mix(&canonical(revision));
            digest.revisions += 1;
        }
        digest
    }

    fn mix(&mut self, text: &str) {
        for (byte, of_text) in self.checksum.iter_mut().zip(Sha256::digest(text)) {
            *byte ^= of_text;
        }
    }
}

impl fmt::Display for SeriesDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} revisions, checksum ", self.revisions)?;
        self.checksum.iter().take(SHOWN_BYTES).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// All of a revision as one line. A number is written without closing zeros: 5.0 and 5.00 are one value.
fn canonical(Revision { stored, collector }: &Revision) -> String {
    let point = &stored.point;
    let sampled = point.quality.sampled.map(SampledShare::parts_per_million);
    format!(
        "{} r{} {} provisional={} thresholded={} sampled={sampled:?} {} {collector}",
        point.period.start_text(),
        stored.revision,
        point.value,
        point.quality.provisional,
        point.quality.thresholded,
        stored.collected_at,
    )
}
