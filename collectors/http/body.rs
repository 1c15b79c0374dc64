//! Reading a body without trusting it.

use std::error::Error;
use std::io;

use reqwest::Response;

/// A body as far as it came.
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    pub(super) ending: Ending,
}

/// How a body ended.
pub(super) enum Ending {
    Complete,
    /// There is more than asked for.
    TooLarge,
    /// The connection ended before the body did.
    CutOff,
    /// The compressed data make no sense.
    Corrupt,
}

/// Reads at most `largest` bytes. They are counted as they come out of the decompressor, a few
/// kilobytes at a time, so that a small answer that unpacks to gigabytes is left as early as a large one.
pub(super) async fn read(mut response: Response, largest: usize) -> Body {
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
    let mut bytes = Vec::with_capacity(announced.unwrap_or(0).min(largest).min(1024 * 1024));
    let ending = loop {
        match response.chunk().await {
            Ok(None) => break Ending::Complete,
            Ok(Some(chunk)) if chunk.len() > largest - bytes.len() => {
                let room = largest - bytes.len();
                bytes.extend(chunk.iter().take(room));
                break Ending::TooLarge;
            }
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Err(error) if is_corrupt(&error) => break Ending::Corrupt,
            Err(_) => break Ending::CutOff,
        }
    };
    Body { bytes, ending }
}

/// Whether the decompressor gave up, as opposed to the connection.
fn is_corrupt(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = cause {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if matches!(kind, Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)) {
            return true;
        }
        cause = error.source();
    }
    false
}
