use proptest::prelude::*;

use super::*;

/// A parser of one line by the rules of the documentation, made for these tests alone.
#[derive(Debug, PartialEq)]
struct Parsed {
    measurement: String,
    tags: Vec<(String, String)>,
    fields: Vec<(String, Field)>,
    secs: i64,
}

#[derive(Debug, PartialEq, Clone)]
enum Field {
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
}

struct Reader<'a>(std::iter::Peekable<std::str::Chars<'a>>);

impl Reader<'_> {
    /// Up to one of `ends`, which is taken too. A backslash before one of `special` makes it a plain
    /// character; before any other it is itself one.
    fn until(&mut self, ends: &[char], special: &[char]) -> (String, char) {
        let mut text = String::new();
        loop {
            match self.0.next().expect("more of the line") {
                '\\' if self.0.peek().is_some_and(|next| special.contains(next)) => {
                    text.push(self.0.next().unwrap());
                }
                end if ends.contains(&end) => return (text, end),
                other => {
                    assert!(other != '\n', "a line within a line");
                    text.push(other);
                }
            }
        }
    }

    fn field(&mut self) -> (Field, char) {
        if self.0.next_if_eq(&'"').is_some() {
            let mut text = String::new();
            loop {
                match self.0.next().expect("the end of a string") {
                    '\\' => match self.0.next().expect("what is escaped") {
                        escaped @ ('"' | '\\') => text.push(escaped),
                        other => panic!("{other:?} needs no escape"),
                    },
                    '"' => return (Field::Text(text), self.0.next().unwrap()),
                    other => text.push(other),
                }
            }
        }
        let (text, end) = self.until(&[',', ' '], &[]);
        let field = match text.as_str() {
            "true" => Field::Boolean(true),
            "false" => Field::Boolean(false),
            number => match number.strip_suffix('i') {
                Some(integer) => Field::Integer(integer.parse().unwrap()),
                None => Field::Float(number.parse().unwrap()),
            },
        };
        (field, end)
    }
}

fn parse(line: &str) -> Parsed {
    let mut reader = Reader(line.chars().peekable());
    let (measurement, mut end) = reader.until(&[',', ' '], &[',', ' ']);
    let mut tags = Vec::new();
    while end == ',' {
        let (key, _) = reader.until(&['='], &[',', '=', ' ']);
        let (value, next) = reader.until(&[',', ' '], &[',', '=', ' ']);
        tags.push((key, value));
        end = next;
    }
    let mut fields = Vec::new();
    loop {
        let (key, _) = reader.until(&['='], &[',', '=', ' ']);
        let (field, next) = reader.field();
        fields.push((key, field));
        if next == ' ' {
            break;
        }
    }
    let secs = reader.0.collect::<String>().parse().unwrap();
    Parsed { measurement, tags, fields, secs }
}

/// Texts full of what has a meaning in line protocol.
fn nasty() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        3 => proptest::sample::select(vec![' ', ',', '=', '"', '\\', '#', '\'', 'n', 'é', '🦀']),
        1 => any::<char>(),
    ];
    prop::collection::vec(character, 0..12).prop_map(|characters| characters.into_iter().collect())
}

fn any_field() -> impl Strategy<Value = Field> {
    prop_oneof![
        nasty().prop_map(Field::Text),
        any::<i64>().prop_map(Field::Integer),
        any::<f64>().prop_map(Field::Float),
        any::<bool>().prop_map(Field::Boolean),
    ]
}

fn encode(parsed: &Parsed) -> Result<String, LineError> {
    let mut line = Line::new(&parsed.measurement)?;
    for (key, value) in &parsed.tags {
        line = line.tag(key, value)?;
    }
    for (key, field) in &parsed.fields {
        line = match field {
            Field::Text(text) => line.text(key, text)?,
            Field::Integer(number) => line.integer(key, *number)?,
            Field::Float(number) => line.float(key, *number)?,
            Field::Boolean(yes) => line.boolean(key, *yes)?,
        };
    }
    line.at(parsed.secs)
}

proptest! {
    #[test]
    fn what_is_written_is_what_is_read(measurement in nasty(),
        tags in prop::collection::vec((nasty(), nasty()), 0..4),
        fields in prop::collection::vec((nasty(), any_field()), 0..4), secs in any::<i64>()) {
        let mut meant = Parsed { measurement, tags, fields, secs };
        // What is not refused comes back the same, less the tags that say nothing.
        if let Ok(line) = encode(&meant) {
            meant.tags.retain(|(_, value)| !value.is_empty());
            prop_assert_eq!(parse(&line), meant);
        }
    }
}

#[test]
fn what_cannot_be_written_is_refused() {
    let line = || Line::new("m").unwrap();
    for value in ["two\nlines", "tab\t", "nul\0", "ends in \\"] {
        assert!(matches!(line().tag("t", value), Err(LineError::Tag { .. })), "{value:?}");
    }
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(matches!(line().float("f", number), Err(LineError::NotFinite { .. })), "{number}");
    }
    for name in ["", "_measurement", "two\nlines", "back\\slash"] {
        assert!(matches!(Line::new(name), Err(LineError::Name(_))), "{name:?}");
    }
    assert_eq!(line().tag("t", "").unwrap().at(0), Err(LineError::NoField("m".to_owned())));
}

#[test]
fn a_line_reads_as_documented() {
    let line = Line::new("pp_figure").unwrap().tag("service", "a b").unwrap();
    let line =
        line.float("value", 10.5).unwrap().integer("revision", 1).unwrap().text("state", "say \"known\"");
    assert_eq!(
        line.unwrap().at(-5).unwrap(),
        r#"pp_figure,service=a\ b value=10.5,revision=1i,state="say \"known\"" -5"#
    );
}
