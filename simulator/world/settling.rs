//! How late a source is: what share of what happened it already answers.

/// How the figures of an hour arrive at a source after the hour is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settling {
    /// Share known as soon as the hour is over, in thousandths.
    pub at_once: u64,
    /// Hours until all of it is known.
    pub hours: u64,
}

impl Settling {
    /// Everything is known as soon as it happened.
    pub const NONE: Self = Self { at_once: 1000, hours: 0 };
    /// Google lets reports change for 24 to 48 hours.
    pub const GA4: Self = Self { at_once: 600, hours: 48 };
    /// A site whose archive is rebuilt as late tracking requests arrive.
    pub const MATOMO: Self = Self { at_once: 900, hours: 24 };

    /// Share known `seconds` after the end of the hour, in thousandths; none of it before.
    pub(crate) fn known(self, seconds: i64) -> u64 {
        let Ok(seconds) = u64::try_from(seconds) else { return 0 };
        let whole = self.hours * 3600;
        if seconds >= whole {
            return 1000;
        }
        self.at_once + (1000 - self.at_once) * seconds / whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_only_arrive_and_then_stand() {
        let known: Vec<u64> = (-10..60).map(|hour| Settling::GA4.known(hour * 3600)).collect();
        assert!(known.is_sorted());
        assert_eq!(Settling::GA4.known(-1), 0);
        assert_eq!(Settling::GA4.known(0), 600);
        assert_eq!(Settling::GA4.known(48 * 3600), 1000);
        assert_eq!(Settling::NONE.known(0), 1000);
    }
}
