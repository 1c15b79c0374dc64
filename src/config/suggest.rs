//! The word a mistyped word was meant to be.

/// Furthest edit distance at which a word is still taken for a slip of another.
const FURTHEST_SLIP: usize = 2;

/// `; did you mean "listen"? (allowed: listen)`, the question left out where nothing is near.
pub(super) fn did_you_mean(given: &str, allowed: &[&str]) -> String {
    let nearest = allowed
        .iter()
        .map(|word| (strsim::damerau_levenshtein(given, word), word))
        .filter(|(distance, word)| *distance <= FURTHEST_SLIP && *distance < word.chars().count())
        .min();
    let question = nearest.map(|(_, word)| format!("; did you mean {word:?}?")).unwrap_or_default();
    let list = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
    format!("{question} (allowed: {list})")
}
