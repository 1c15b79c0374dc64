//! SQL cut into pieces, as far as it takes to know what is text and what is not.
//!
//! The rules are those of the `PostgreSQL` manual, 4.1 "Lexical Structure", and of sqlite.org/lang.html.

use super::config::Dialect;

/// What a piece of a query is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    Space,
    Comment,
    /// A string, a quoted name or a dollar quote, with its marks.
    Quoted,
    /// A name, a keyword or a number.
    Word,
    /// `:name`.
    Placeholder,
    /// A parameter of the database's own notation: `$1`, and in `SQLite` `?`, `@name`, `$name`.
    Parameter,
    Semicolon,
    /// A quote or comment without an end.
    Unclosed,
    Other,
}

/// Cuts a query. The pieces put together are the query.
pub(super) struct Lexer<'a> {
    rest: &'a str,
    dialect: Dialect,
}

impl<'a> Lexer<'a> {
    pub(super) const fn new(text: &'a str, dialect: Dialect) -> Self {
        Self { rest: text, dialect }
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = (Token, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let (token, length) = first(self.rest, self.dialect)?;
        let (piece, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        Some((token, piece))
    }
}

/// The first piece of a text and its length in bytes; `None` where nothing is left.
fn first(text: &str, dialect: Dialect) -> Option<(Token, usize)> {
    let character = text.chars().next()?;
    let sqlite = dialect == Dialect::Sqlite;
    let piece = match character {
        '\'' | '"' => quoted(text, character, Escapes::Doubled),
        '`' if sqlite => quoted(text, character, Escapes::Doubled),
        '[' if sqlite => closed(text.find(']').map(|end| end + 1), text, Token::Quoted),
        '-' if text.starts_with("--") => (Token::Comment, text.find('\n').unwrap_or(text.len())),
        '/' if text.starts_with("/*") => closed(comment(text, !sqlite), text, Token::Comment),
        '$' => dollar(text, sqlite),
        ':' if text.starts_with("::") || text.starts_with(":=") => (Token::Other, 2),
        ':' => match name_length(text.get(1..)?) {
            0 => (Token::Other, 1),
            length => (Token::Placeholder, 1 + length),
        },
        '?' | '@' if sqlite => {
            let name = text.get(1..)?;
            (Token::Parameter, 1 + name.find(|c| !in_word(c)).unwrap_or(name.len()))
        }
        ';' => (Token::Semicolon, 1),
        _ if character.is_whitespace() => {
            (Token::Space, text.find(|c: char| !c.is_whitespace()).unwrap_or(text.len()))
        }
        _ if in_word(character) => word(text, sqlite),
        _ => (Token::Other, character.len_utf8()),
    };
    Some(piece)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    /// A mark inside is written twice.
    Doubled,
    /// That, or a backslash before it: `E'…'`.
    Backslash,
}

/// A text that starts with `mark`, as far as the mark that ends it.
fn quoted(text: &str, mark: char, escapes: Escapes) -> (Token, usize) {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\\' && escapes == Escapes::Backslash {
            characters.next();
        } else if character == mark && characters.next_if(|(_, next)| *next == mark).is_none() {
            return (Token::Quoted, at + mark.len_utf8());
        }
    }
    (Token::Unclosed, text.len())
}

fn closed(end: Option<usize>, text: &str, token: Token) -> (Token, usize) {
    end.map_or((Token::Unclosed, text.len()), |end| (token, end))
}

/// Where a block comment ends. They nest in `PostgreSQL` and do not in `SQLite`.
fn comment(text: &str, nested: bool) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        if rest.starts_with("/*") && (nested || depth == 0) {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += rest.chars().next()?.len_utf8();
        }
    }
}

/// `$tag$…$tag$`, a parameter, or a lone dollar.
fn dollar(text: &str, sqlite: bool) -> (Token, usize) {
    let after = text.get(1..).unwrap_or_default();
    let word = after.find(|c| !in_word(c)).unwrap_or(after.len());
    if sqlite {
        return if word > 0 { (Token::Parameter, 1 + word) } else { (Token::Other, 1) };
    }
    let numbered = after.starts_with(|c: char| c.is_ascii_digit());
    if numbered {
        return (Token::Parameter, 1 + word);
    }
    let opening = 1 + word + 1;
    match text.get(..opening) {
        Some(tag) if tag.ends_with('$') && tag.len() > 1 => {
            let end = text.get(opening..).and_then(|inside| inside.find(tag));
            closed(end.map(|end| opening + end + opening), text, Token::Quoted)
        }
        _ => (Token::Other, 1),
    }
}

/// A word, or the string whose first letter makes it an escape string: `E'…'`.
fn word(text: &str, sqlite: bool) -> (Token, usize) {
    // A dollar goes on a PostgreSQL name: `a$1` holds no parameter.
    let inside = |c: char| in_word(c) || (c == '$' && !sqlite);
    let length = text.find(|c| !inside(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(length).unwrap_or((text, ""));
    if !sqlite && name.eq_ignore_ascii_case("e") && rest.starts_with('\'') {
        let (token, quoted) = quoted(rest, '\'', Escapes::Backslash);
        return (token, length + quoted);
    }
    (Token::Word, length)
}

fn name_length(text: &str) -> usize {
    if text.starts_with(|c: char| c.is_ascii_digit() || !in_word(c)) {
        return 0;
    }
    text.find(|c| !in_word(c)).unwrap_or(text.len())
}

fn in_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || (!character.is_ascii() && !character.is_whitespace())
}
