//! E-mail, to a mail server of a few lines. A real one judges too: `tests/alert_judges/run`.

use std::sync::{Arc, Mutex};

use collectors::Reason;
use pp_collector::alerts::deliver::{DeliverError, Telling, tell_once};
use pp_collector::alerts::message::compose;
use pp_collector::alerts::{News, Notice, Resolution};
use rstest::rstest;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::land::*;

/// Takes mail, and answers one command as a test says.
async fn server(answered: &'static str, answer: &'static str) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mails = Arc::new(Mutex::new(Vec::new()));
    let taken = Arc::clone(&mails);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (read, mut write) = stream.into_split();
            let mut lines = BufReader::new(read).lines();
            write.write_all(b"220 test ESMTP\r\n").await.unwrap();
            while let Ok(Some(line)) = lines.next_line().await {
                let word = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
                let usual = match word.as_str() {
                    "DATA" if answered != "DATA" => {
                        write.write_all(b"354 go on\r\n").await.unwrap();
                        let mut mail = String::new();
                        while let Ok(Some(line)) = lines.next_line().await {
                            if line == "." {
                                break;
                            }
                            mail.push_str(&line);
                            mail.push('\n');
                        }
                        taken.lock().unwrap().push(mail);
                        "250 2.0.0 taken"
                    }
                    "EHLO" => "250-test\r\n250 AUTH PLAIN",
                    "AUTH" => "235 2.7.0 in",
                    "QUIT" => "221 bye",
                    _ => "250 ok",
                };
                let answer = if word == answered { answer } else { usual };
                if write.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
                    break;
                }
            }
        }
    });
    (port, mails)
}

async fn tell(port: u16, news: News, more: &str) -> Result<String, DeliverError> {
    let alert = fall("tax-a-vehicle");
    let alert = if news == News::Resolved { ended(&alert, Resolution::Recovered) } else { alert };
    let notice = Notice { news, alert, occasion: 1, services: services() };
    let message = compose(&notice, Some("https://performance.example.gov.uk"));
    let telling = Telling { notice: &notice, message: &message, decided_at: at(NOW), again: false };
    let settings = format!(
        "host = \"127.0.0.1\"\nport = {port}\nencryption = \"none\"\nfrom = \"Alerts <alerts@example.gov.uk>\"\n\
         to = [\"a@example.gov.uk\", \"B <b@example.gov.uk>\"]\n{more}"
    );
    tell_once(&receiver("office", "email", &settings), &telling, &context(&clock())).await
}

/// The parts of a mail that a person or a mail system goes by, without the boundary, which is chance.
fn without_boundary(mail: &str) -> String {
    let boundary = mail.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    mail.replace(&boundary, "BOUNDARY")
}

#[tokio::test]
async fn an_e_mail_has_words_a_page_and_an_id_that_stays() {
    let (port, mails) = server("", "").await;
    for _ in 0..2 {
        assert_eq!(tell(port, News::Raised, "").await.unwrap(), "250 2.0.0 taken");
    }
    let mails = mails.lock().unwrap().clone();
    assert_eq!(without_boundary(&mails[0]), without_boundary(&mails[1]), "the same however often");
    insta::assert_snapshot!(without_boundary(&mails[0]));
}

#[tokio::test]
async fn an_end_is_shown_with_its_beginning() {
    let (port, mails) = server("", "").await;
    tell(port, News::Raised, "").await.unwrap();
    tell(port, News::Resolved, "reply_to = \"team@example.gov.uk\"").await.unwrap();
    let header = |mail: &str, name: &str| {
        mail.lines().find_map(|line| line.strip_prefix(name)).map(|rest| rest.trim().to_owned())
    };
    let mails = mails.lock().unwrap().clone();
    let first = header(&mails[0], "Message-ID:").unwrap();
    assert_eq!(header(&mails[1], "In-Reply-To:").unwrap(), first);
    assert_ne!(header(&mails[1], "Message-ID:").unwrap(), first);
    assert_eq!(header(&mails[1], "Auto-Submitted:").unwrap(), "auto-generated");
}

#[rstest]
#[case("RCPT", "450 4.2.1 later", Reason::Transient)]
#[case("RCPT", "550 5.1.1 nobody", Reason::Permission)]
#[case("DATA", "451 4.3.0 later", Reason::Transient)]
#[case("MAIL", "501 5.5.4 what", Reason::Config)]
#[case("AUTH", "535 5.7.8 no hunter", Reason::Auth)]
#[tokio::test]
async fn a_refusal_has_the_class_of_its_code(
    #[case] command: &'static str,
    #[case] answer: &'static str,
    #[case] reason: Reason,
) {
    let folder = tempfile::tempdir().unwrap();
    let login = format!("user = \"alerts\"\npassword = {}", secret(&folder, "password", "hunter2"));
    let (port, mails) = server(command, answer).await;
    let error = tell(port, News::Raised, &login).await.unwrap_err();
    assert_eq!(error.reason, reason, "{error}");
    assert!(!format!("{error:?}").contains("hunter2"));
    assert!(mails.lock().unwrap().is_empty());
}

#[tokio::test]
async fn nothing_is_sent_in_clear_where_it_is_to_be_encrypted() {
    let (port, mails) = server("", "").await;
    let alert = fall("tax-a-vehicle");
    let notice = Notice { news: News::Raised, alert, occasion: 1, services: services() };
    let message = compose(&notice, None);
    let telling = Telling { notice: &notice, message: &message, decided_at: at(NOW), again: false };
    for encryption in ["starttls", "implicit"] {
        let settings = format!(
            "host = \"127.0.0.1\"\nport = {port}\nencryption = {encryption:?}\nfrom = \"a@example.gov.uk\"\nto = [\"b@example.gov.uk\"]"
        );
        let told = tell_once(&receiver("office", "email", &settings), &telling, &context(&clock())).await;
        assert!(told.is_err(), "{encryption}");
    }
    assert!(mails.lock().unwrap().is_empty());
}
