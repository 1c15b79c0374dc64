//! Bodies that come late, in part, or far larger than they look.

use std::io::{Error, Write};
use std::time::Duration;

use axum::body::{Body, Bytes};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream;

/// The first half of a body, then a failure that makes the server close the connection.
pub(super) fn half(whole: &Bytes) -> Body {
    let first = whole.slice(..whole.len() / 2);
    Body::from_stream(stream::unfold(Some(first), |left| async move {
        let left = left?;
        if !left.is_empty() {
            return Some((Ok(left), Some(Bytes::new())));
        }
        // The server sends what it has when a body makes it wait, and drops it when a body fails.
        tokio::task::yield_now().await;
        Some((Err(Error::other("half a body was scripted")), None))
    }))
}

/// A body in pieces with a pause before each.
pub(super) fn drip(whole: Bytes, bytes: usize, pause: Duration) -> Body {
    Body::from_stream(stream::unfold(whole, move |mut left| async move {
        if left.is_empty() {
            return None;
        }
        tokio::time::sleep(pause).await;
        let piece = left.split_to(bytes.clamp(1, left.len()));
        Some((Ok::<_, Error>(piece), left))
    }))
}

/// White space packed with gzip, made while it is sent: a client that hangs up costs nothing more.
pub(super) fn bomb(size: u64) -> Body {
    const PIECE: usize = 1 << 20;
    let encoder = GzEncoder::new(Vec::new(), Compression::fast());
    Body::from_stream(stream::unfold(Some((encoder, size)), |state| async move {
        let (mut encoder, left) = state?;
        let piece = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        let step = if piece == 0 {
            encoder.finish().map(|packed| (packed, None))
        } else {
            encoder.write_all(&vec![b' '; piece]).map(|()| {
                let packed = std::mem::take(encoder.get_mut());
                (packed, Some((encoder, left - u64::try_from(piece).unwrap_or(left))))
            })
        };
        Some(match step {
            Ok((packed, next)) => (Ok(Bytes::from(packed)), next),
            Err(error) => (Err(error), None),
        })
    }))
}
