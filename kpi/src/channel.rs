//! How a transaction reached the service.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The channel a transaction came by.
///
/// Whether a channel counts as digital is not a property of the channel: it is a dated definition
/// of the service, because the official rule on assisted digital changed in 2014 and again in 2016.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The user completed it online.
    Digital,
    /// Completed online with help, or by staff on the user's behalf.
    AssistedDigital,
    /// Sent by another system.
    Api,
    /// The user talked to a person on the telephone.
    Phone,
    /// A form and its supporting papers, as one transaction.
    Paper,
    /// At a counter, staff typing for the user included.
    FaceToFace,
    /// Interactive voice response, email, webchat and the like.
    Other,
    /// A total over every channel that a source gives ready-made. Never added to the others.
    AllChannels,
}

impl Channel {
    /// Every channel, in the order tables show them.
    pub const ALL: [Self; 8] = [
        Self::Digital,
        Self::AssistedDigital,
        Self::Api,
        Self::Phone,
        Self::Paper,
        Self::FaceToFace,
        Self::Other,
        Self::AllChannels,
    ];

    /// The word for this channel in configuration, metrics and feeds.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Digital => "digital",
            Self::AssistedDigital => "assisted_digital",
            Self::Api => "api",
            Self::Phone => "phone",
            Self::Paper => "paper",
            Self::FaceToFace => "face_to_face",
            Self::Other => "other",
            Self::AllChannels => "all_channels",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that names no channel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a channel; use one of digital, assisted_digital, api, phone, paper, face_to_face, other, all_channels"
)]
pub struct UnknownChannel(pub String);

impl FromStr for Channel {
    type Err = UnknownChannel;
    fn from_str(text: &str) -> Result<Self, UnknownChannel> {
        Self::ALL
            .into_iter()
            .find(|channel| channel.as_str() == text)
            .ok_or_else(|| UnknownChannel(text.to_owned()))
    }
}
