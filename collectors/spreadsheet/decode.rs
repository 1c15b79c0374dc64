//! Bytes of a text file to UTF-8.

use std::borrow::Cow;

use encoding_rs::{UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use serde::Deserialize;

/// How a text file is encoded. A byte order mark decides over everything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Encoding {
    /// UTF-16 where every other byte says so, UTF-8 where it is valid, else Windows-1252.
    #[default]
    Auto,
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "utf-16le")]
    Utf16Le,
    #[serde(rename = "utf-16be")]
    Utf16Be,
    #[serde(rename = "windows-1252")]
    Windows1252,
}

/// Decodes to UTF-8 without a byte order mark; borrows where it is that already. The error says what
/// is wrong with the bytes.
pub(super) fn decode(bytes: &[u8], wanted: Encoding) -> Result<Cow<'_, str>, String> {
    let marked = encoding_rs::Encoding::for_bom(bytes);
    let encoding = match (marked, wanted) {
        (Some((encoding, _)), _) => encoding,
        (None, Encoding::Utf8) => UTF_8,
        (None, Encoding::Utf16Le) => UTF_16LE,
        (None, Encoding::Utf16Be) => UTF_16BE,
        (None, Encoding::Windows1252) => WINDOWS_1252,
        (None, Encoding::Auto) => guess(bytes),
    };
    let body = bytes.get(marked.map_or(0, |(_, length)| length)..).unwrap_or_default();
    if encoding == UTF_8 {
        return match std::str::from_utf8(body) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(error) => {
                let line = body.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count() + 1;
                Err(format!("line {line} is not valid UTF-8; set `encoding` to what the file is in"))
            }
        };
    }
    let (text, malformed) = encoding.decode_without_bom_handling(body);
    if malformed {
        return Err(format!("not valid {}; set `encoding` to what the file is in", encoding.name()));
    }
    Ok(text)
}

/// Text in Latin script has a zero in every other byte of UTF-16 and none in any other encoding.
fn guess(bytes: &[u8]) -> &'static encoding_rs::Encoding {
    let head = bytes.get(..bytes.len().min(64)).unwrap_or_default();
    let zeros = |odd: usize| head.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let pairs = head.len() / 2;
    if pairs > 0 && zeros(1) * 4 >= pairs * 3 && zeros(0) == 0 {
        UTF_16LE
    } else if pairs > 0 && zeros(0) * 4 >= pairs * 3 && zeros(1) == 0 {
        UTF_16BE
    } else if std::str::from_utf8(bytes).is_ok() {
        UTF_8
    } else {
        WINDOWS_1252
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::plain("a,£\n".as_bytes().to_vec())]
    #[case::marked([b"\xef\xbb\xbf".as_slice(), "a,£\n".as_bytes()].concat())]
    #[case::windows(b"a,\xa3\n".to_vec())]
    #[case::utf16_le_marked(b"\xff\xfea\0,\0\xa3\0\n\0".to_vec())]
    #[case::utf16_be_marked(b"\xfe\xff\0a\0,\0\xa3\0\n".to_vec())]
    #[case::utf16_le_unmarked(b"a\0,\0\xa3\0\n\0".to_vec())]
    #[case::utf16_be_unmarked(b"\0a\0,\0\xa3\0\n".to_vec())]
    fn every_encoding_reads_the_same(#[case] bytes: Vec<u8>) {
        assert_eq!(decode(&bytes, Encoding::Auto).unwrap(), "a,£\n");
    }

    #[test]
    fn an_encoding_asked_for_is_kept_to() {
        let error = decode(b"a\nb\xa3", Encoding::Utf8).unwrap_err();
        assert_eq!(error, "line 2 is not valid UTF-8; set `encoding` to what the file is in");
    }
}
