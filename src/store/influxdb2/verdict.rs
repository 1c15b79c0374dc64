//! What an answer to a request means.

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Something in the body is wrong, in the server's words. The rest of it may land without it.
    BadLine(String),
    /// The body is too large.
    TooLarge,
    /// It will not work until somebody repairs what this says.
    Fix(String),
    /// It may work later.
    Wait(String),
}

/// Says what an answer other than success means. `words` are the server's.
///
/// InfluxDB 2 answers 422 where some points were taken and some not, InfluxDB 1 does so with 400; both
/// answer 400 to what they cannot parse.
pub(super) fn judge(status: u16, words: String) -> Verdict {
    match status {
        400 | 422 => Verdict::BadLine(words),
        413 => Verdict::TooLarge,
        401 => Verdict::Fix(format!(
            "it does not accept the token (401 {words}); set store.influxdb2.token to one that may read and \
             write the bucket"
        )),
        403 => {
            Verdict::Fix(format!("the token may not do this (403 {words}); let it read and write the bucket"))
        }
        404 => Verdict::Fix(format!(
            "it has no such bucket or address (404 {words}); create the bucket, or correct \
             store.influxdb2.url, org and bucket"
        )),
        408 | 425 | 429 | 500.. => Verdict::Wait(format!("it answered {status} {words}")),
        _ => Verdict::Fix(format!(
            "it answered {status} where InfluxDB answers 200 or 204 ({words}); check that store.influxdb2.url \
             is InfluxDB's own address"
        )),
    }
}

/// What it means that there was no answer. The two clients have different errors for certificates, and both name
/// them so.
pub(super) fn unanswered(problem: String) -> Verdict {
    if problem.contains("certificate") {
        return Verdict::Fix(format!(
            "its certificate is not accepted ({problem}); have it renewed if it has expired, or name the authority it is \
             from in store.influxdb2.ca_file"
        ));
    }
    Verdict::Wait(problem)
}

const LONGEST_WORDS: usize = 500;

/// The server's words in one line of bearable length, cleared of the token should they repeat it.
pub(super) fn shortened(words: &str, token: &str) -> String {
    let mut one_line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if !token.is_empty() {
        one_line = one_line.replace(token, "<token>");
    }
    if let Some((end, _)) = one_line.char_indices().nth(LONGEST_WORDS) {
        one_line.truncate(end);
        one_line.push('…');
    }
    one_line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case(400, "bad line")]
    #[case(422, "bad line")]
    #[case(413, "too large")]
    #[case(401, "fix")]
    #[case(403, "fix")]
    #[case(404, "fix")]
    #[case(200, "fix")]
    #[case(302, "fix")]
    #[case(405, "fix")]
    #[case(408, "wait")]
    #[case(429, "wait")]
    #[case(500, "wait")]
    #[case(503, "wait")]
    #[case(599, "wait")]
    fn every_status_has_its_meaning(#[case] status: u16, #[case] meaning: &str) {
        let meant = match judge(status, "words".to_owned()) {
            Verdict::BadLine(_) => "bad line",
            Verdict::TooLarge => "too large",
            Verdict::Fix(_) => "fix",
            Verdict::Wait(_) => "wait",
        };
        assert_eq!(meant, meaning);
    }

    #[test]
    fn the_token_is_not_repeated() {
        assert_eq!(shortened("no\n token s3cret \there", "s3cret"), "no token <token> here");
        assert_eq!(shortened(&"é".repeat(600), "").chars().count(), LONGEST_WORDS + 1);
    }
}
