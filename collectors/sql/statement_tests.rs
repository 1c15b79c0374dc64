use proptest::prelude::*;
use rstest::rstest;

use super::*;
use Dialect::{Postgresql, Sqlite};

fn postgresql(query: &str) -> String {
    translate(query, Postgresql).unwrap()
}

#[rstest]
#[case("select 1 where a >= :from and a < :to", "select 1 where a >=  $1  and a <  $2 ")]
#[case("SELECT a::date, :from::date, :to", "SELECT a::date,  $1 ::date,  $2 ")]
#[case("select between:from and(:to)", "select between $1  and( $2 )")]
#[case("select ':from' \":to\" , :from,:to", "select ':from' \":to\" ,  $1 , $2 ")]
#[case("select 'it''s :to' , :from,:to", "select 'it''s :to' ,  $1 , $2 ")]
#[case("select E'\\':to' , :from,:to", "select E'\\':to' ,  $1 , $2 ")]
#[case("select $a$ :from $$ $a$, :from,:to", "select $a$ :from $$ $a$,  $1 , $2 ")]
#[case("select a$1, :from,:to", "select a$1,  $1 , $2 ")]
#[case("select 1 -- :x\n, :from,:to", "select 1 -- :x\n,  $1 , $2 ")]
#[case("/* a /* :x */ :y */ select :from,:to", "/* a /* :x */ :y */ select  $1 , $2 ")]
#[case("(select :from,:to) ; -- done", "(select  $1 , $2 )  -- done")]
#[case("select a[1: n], :from,:to;", "select a[1: n],  $1 , $2 ")]
#[case("select f(x := :from), :to", "select f(x :=  $1 ),  $2 ")]
#[case("select data ? 'k', :from,:to", "select data ? 'k',  $1 , $2 ")]
fn placeholders_are_found_where_they_are_code(#[case] query: &str, #[case] expected: &str) {
    assert_eq!(postgresql(query), expected);
}

#[test]
fn sqlite_has_quotes_of_its_own() {
    assert_eq!(
        translate("select `:a`, [:b], $a, :from, :to", Sqlite).unwrap_err(),
        ["\"$a\" stands for a value nobody gives; use :from and :to"]
    );
    assert_eq!(
        translate("select `:a`, [:b] /* /* */, :from, :to", Sqlite).unwrap(),
        "select `:a`, [:b] /* /* */,  ?1 ,  ?2 "
    );
}

#[rstest]
#[case("", "the query is empty")]
#[case("-- nothing", "the query is empty")]
#[case("delete from cases", "begins with \"delete\"")]
#[case("select :from, :to; drop table cases", "more than one statement: \"drop\" follows")]
#[case("commit; select :from, :to", "more than one statement")]
#[case("select :from, :too", "\":too\" is not a placeholder")]
#[case("select :from", "does not use :to")]
#[case("select ':from', :to", "does not use :from")]
#[case("select $1, :from, :to", "\"$1\" stands for")]
#[case("select :from, :to, 'abc", "\"'abc\" has no end")]
#[case("select :from, :to /* abc", "has no end")]
#[case("select :from, :to, $x$ abc $y$", "has no end")]
fn what_is_not_one_question_is_refused(#[case] query: &str, #[case] expected: &str) {
    let problems = translate(query, Postgresql).unwrap_err().join("\n");
    assert!(problems.contains(expected), "{problems}");
}

/// Pieces that make up queries full of traps.
fn traps() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "'", "\"", "$", "$a$", "$$", "--", "\n", "/*", "*/", ":", "::", ":from", ":to", ";", "E'", "\\", "[",
        "]", "`", "?", "@a", "é", " ", "a", "1", "select", "(",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// The quoted pieces and comments of a text, in order.
fn kept(text: &str, dialect: Dialect) -> Vec<String> {
    Lexer::new(text, dialect)
        .filter(|(token, _)| matches!(token, Token::Quoted | Token::Comment))
        .map(|(_, piece)| piece.to_owned())
        .collect()
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text in any::<String>(), trap in traps()) {
        for dialect in [Postgresql, Sqlite] {
            let _ = translate(&text, dialect);
            let _ = translate(&trap, dialect);
        }
    }

    #[test]
    fn the_pieces_put_together_are_the_query(text in any::<String>(), trap in traps()) {
        for dialect in [Postgresql, Sqlite] {
            for text in [&text, &trap] {
                let together: String = Lexer::new(text, dialect).map(|(_, piece)| piece).collect();
                prop_assert_eq!(&together, text);
            }
        }
    }

    #[test]
    fn what_is_in_quotes_stays_as_it_is(trap in traps()) {
        for dialect in [Postgresql, Sqlite] {
            let query = format!("select {trap} , :from , :to");
            if let Ok(sql) = translate(&query, dialect) {
                prop_assert_eq!(kept(&query, dialect), kept(&sql, dialect));
            }
        }
    }

    #[test]
    fn any_text_can_be_quoted(text in any::<String>()) {
        let literal = format!("'{}'", text.replace('\'', "''"));
        let query = format!("select {literal}, :from, :to");
        let expected = format!("select {literal},  $1 ,  $2 ");
        prop_assert_eq!(postgresql(&query), expected);
    }
}
