//! The text Prometheus reads, in parts that are written at different times and sent as one.

use std::io;

use bytes::Bytes;
use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use prometheus::proto::MetricFamily;
use prometheus::{Encoder, TextEncoder};

/// What the client accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// The text as it is.
    Identity,
    /// One member of gzip.
    Gzip,
}

/// Metric families as text, plain and compressed, to be joined with others.
pub(super) struct Part {
    text: Bytes,
    /// The text as whole blocks of deflate, none of them the last.
    blocks: Bytes,
    check: Crc,
}

impl Part {
    pub(super) fn of(families: &[MetricFamily], level: Compression) -> Result<Self, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(families, &mut text)?;
        let blocks = blocks(&text, level)?;
        let mut check = Crc::new();
        check.update(&text);
        Ok(Self { text: text.into(), blocks: blocks.into(), check })
    }
}

/// The text as deflate, ending at a full byte and with nothing held back.
fn blocks(text: &[u8], level: Compression) -> io::Result<Vec<u8>> {
    const ROOM: usize = 64 * 1024;
    let mut deflate = Compress::new(level, false);
    let mut blocks = Vec::with_capacity(text.len() / 10 + ROOM);
    loop {
        let read = usize::try_from(deflate.total_in()).unwrap_or(usize::MAX);
        let left = text.get(read..).unwrap_or_default();
        let status = deflate.compress_vec(left, &mut blocks, FlushCompress::Sync)?;
        // Room to spare after everything was read means that nothing is held back.
        let is_whole = status == Status::Ok && blocks.len() < blocks.capacity();
        if is_whole && deflate.total_in() == text.len() as u64 {
            return Ok(blocks);
        }
        blocks.reserve(ROOM);
    }
}

/// A member of gzip (RFC 1952) begins like this: deflate, no name, no time, no system.
const GZIP_HEAD: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// An empty block of deflate that is the last (RFC 1951, 3.2.6).
const LAST_BLOCK: &[u8] = &[0x03, 0x00];

/// The parts, one after the other, as pieces of one body. Compressed they are one member of gzip: several
/// would be as good by the RFC, and some clients would stop after the first.
pub(super) fn join(parts: &[&Part], encoding: Encoding) -> Vec<Bytes> {
    match encoding {
        Encoding::Identity => parts.iter().map(|part| part.text.clone()).collect(),
        Encoding::Gzip => {
            let mut check = Crc::new();
            for part in parts {
                check.combine(&part.check);
            }
            let end = [LAST_BLOCK, &check.sum().to_le_bytes(), &check.amount().to_le_bytes()].concat();
            let blocks = parts.iter().map(|part| part.blocks.clone());
            [Bytes::from_static(GZIP_HEAD)].into_iter().chain(blocks).chain([end.into()]).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use proptest::prelude::*;

    use super::*;

    fn part(text: &str) -> Part {
        let mut check = Crc::new();
        check.update(text.as_bytes());
        let blocks = blocks(text.as_bytes(), Compression::default()).unwrap();
        Part { text: text.to_owned().into(), blocks: blocks.into(), check }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn parts_compressed_apart_are_one_member_of_gzip(texts in proptest::collection::vec("(?s).{0,3000}", 0..4)) {
            let parts: Vec<Part> = texts.iter().map(|text| part(text)).collect();
            let parts: Vec<&Part> = parts.iter().collect();
            let plain = join(&parts, Encoding::Identity).concat();
            prop_assert!(plain == texts.concat().into_bytes());
            // This reader stops after one member, and checks its sum.
            let gzip = join(&parts, Encoding::Gzip).concat();
            let mut reader = flate2::bufread::GzDecoder::new(gzip.as_slice());
            let mut read = Vec::new();
            reader.read_to_end(&mut read).unwrap();
            prop_assert_eq!(read, plain);
            prop_assert!(reader.into_inner().is_empty());
        }
    }

    #[test]
    fn a_long_text_that_hardly_compresses_comes_back() {
        let mut random = fastrand::Rng::with_seed(1);
        let text: String = (0..3_000_000).map(|_| random.alphanumeric()).collect();
        let gzip = join(&[&part(&text)], Encoding::Gzip).concat();
        let mut read = String::new();
        flate2::bufread::GzDecoder::new(gzip.as_slice()).read_to_string(&mut read).unwrap();
        assert_eq!(read.len(), text.len());
        assert!(read == text);
    }
}
