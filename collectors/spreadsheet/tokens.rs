//! A period text cut into words, numbers and the marks between them.

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Letters, as given unless it is one of the short words compared with.
    Word(&'a str),
    /// Digits.
    Number(&'a str),
    /// `-` (also a dash or the word "to"), `/` or `.`.
    Mark(char),
}

/// Cuts a text. White space and commas separate and are dropped; longer texts than any period's
/// are cut off, so that a paragraph in a date column costs nothing.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    const MOST: usize = 12;
    let mut found = Vec::with_capacity(8);
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if found.len() == MOST {
            break;
        }
        let run = |inside: fn(char) -> bool| rest.find(|c| !inside(c)).unwrap_or(rest.len());
        let length = if character.is_ascii_digit() {
            run(|c| c.is_ascii_digit())
        } else if character.is_alphabetic() {
            run(char::is_alphabetic)
        } else {
            character.len_utf8()
        };
        let (piece, after) = rest.split_at(length);
        rest = after;
        match character {
            _ if character.is_whitespace() || character == ',' => {}
            '-' | '–' | '—' | '−' => found.push(Token::Mark('-')),
            _ if character.is_ascii_digit() => found.push(Token::Number(piece)),
            _ if character.is_alphabetic() => found.push(worded(piece)),
            other => found.push(Token::Mark(other)),
        }
    }
    found
}

fn worded(piece: &str) -> Token<'_> {
    const KNOWN: [&str; 10] =
        ["q", "w", "c", "wc", "fy", "week", "commencing", "beginning", "starting", "of"];
    if piece.eq_ignore_ascii_case("to") {
        return Token::Mark('-');
    }
    KNOWN
        .iter()
        .find(|known| piece.eq_ignore_ascii_case(known))
        .map_or(Token::Word(piece), |known| Token::Word(known))
}

/// The number of a month by its English name or its first letters, at least three.
pub(super) fn month_number(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let word = word.to_lowercase();
    if word.len() < 3 {
        return None;
    }
    (1_i8..).zip(MONTHS).find(|(_, month)| month.starts_with(&word)).map(|(number, _)| number)
}

/// A year of four digits, or of two from 1970 to 2069.
pub(super) fn year_of(digits: &str) -> Option<i16> {
    let number: i16 = digits.parse().ok()?;
    match digits.len() {
        4 => Some(number),
        2 if number < 70 => Some(2000 + number),
        2 => Some(1900 + number),
        _ => None,
    }
}
