//! `[push.NAME]` as it is written.

use collectors::SecretRef;
use serde::Deserialize;

/// `[push.NAME]`: somebody who may push figures.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(in super::super) struct RawPusher {
    /// Token that a request must bring, by reference; required.
    #[cfg_attr(test, serde(serialize_with = "super::super::tests::nothing"))]
    pub(in super::super) token: Option<SecretRef>,
    /// Services whose figures may come; all where it is empty.
    pub(in super::super) services: Vec<String>,
}
