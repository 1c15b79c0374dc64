//! E-mail by SMTP.

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use collectors::{Reason, Secret, SecretRef, SettingProblem, SettingProblems};
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::login::login;
use super::markup::html;
use super::{Context, DeliverError, Receiver, ReceiverKind, Telling};
use crate::alerts::message::{Fact, Message, POINTS_HEADING};
use crate::alerts::{News, Notice};

/// The entry of the kinds table.
pub const KIND: ReceiverKind = ReceiverKind {
    name: "email",
    summary: "e-mail by SMTP",
    told_twice: "a second e-mail with the same Message-ID, which many mail systems show once",
    build,
};

/// How the connection is encrypted. There is no falling back to clear text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Encryption {
    /// Encrypted after a word in clear, usually on port 587.
    #[default]
    Starttls,
    /// Encrypted from the first byte, usually on port 465.
    Implicit,
    /// Not at all: for a relay on this machine.
    None,
}

impl Encryption {
    const fn usual_port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Implicit => 465,
            Self::None => 25,
        }
    }
}

/// `settings` of this kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    host: String,
    port: Option<u16>,
    #[serde(default)]
    encryption: Encryption,
    /// A certificate authority of one's own, in PEM.
    ca_certificate: Option<PathBuf>,
    user: Option<String>,
    password: Option<SecretRef>,
    from: String,
    to: Vec<String>,
    reply_to: Option<String>,
}

struct Email {
    host: String,
    port: u16,
    encryption: Encryption,
    ca_certificate: Option<PathBuf>,
    login: Option<(String, Secret)>,
    from: Mailbox,
    to: Vec<Mailbox>,
    reply_to: Option<Mailbox>,
}

fn build(table: &toml::Table) -> Result<Arc<dyn Receiver>, SettingProblems> {
    let settings: Settings = collectors::parse(table)?;
    let mut problems = SettingProblems::new();
    let mut mailbox = |path: String, text: &str| {
        let refused = format!(
            "{text:?} is not an e-mail address; write it as \"Name <name@example.org>\" or \"name@example.org\""
        );
        text.parse::<Mailbox>().map_err(|_| problems.push(SettingProblem::new(path, refused))).ok()
    };
    let from = mailbox("from".to_owned(), &settings.from);
    let to: Vec<Mailbox> = settings
        .to
        .iter()
        .enumerate()
        .filter_map(|(index, text)| mailbox(format!("to[{index}]"), text))
        .collect();
    let reply_to = settings.reply_to.as_deref().and_then(|text| mailbox("reply_to".to_owned(), text));
    if settings.to.is_empty() {
        problems.push(SettingProblem::new("to", "empty; give at least one e-mail address"));
    }
    let login = login(settings.user, settings.password, &mut problems);
    if settings.encryption == Encryption::None && !is_this_machine(&settings.host) {
        let problem = format!(
            "\"none\" sends alerts and password in clear, and {:?} is not this machine; use \"starttls\" or \"implicit\"",
            settings.host
        );
        problems.push(SettingProblem::new("encryption", problem));
    }
    match from.filter(|_| problems.is_empty()) {
        Some(from) => Ok(Arc::new(Email {
            port: settings.port.unwrap_or(settings.encryption.usual_port()),
            host: settings.host,
            encryption: settings.encryption,
            ca_certificate: settings.ca_certificate,
            login,
            from,
            to,
            reply_to,
        })),
        None => Err(problems),
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

#[async_trait]
impl Receiver for Email {
    async fn tell(&self, telling: &Telling<'_>, _: &Context) -> Result<String, DeliverError> {
        let mail = self.mail(telling)?;
        let sent = self.transport().await?.send(mail).await.map_err(|error| self.failure(&error))?;
        Ok(format!("{} {}", sent.code(), sent.message().collect::<Vec<_>>().join(" ")))
    }
}

impl Email {
    fn mail(&self, telling: &Telling<'_>) -> Result<lettre::Message, DeliverError> {
        let message = telling.message;
        let mut building = lettre::Message::builder()
            .from(self.from.clone())
            .subject(&message.subject)
            .date(SystemTime::from(telling.decided_at))
            .message_id(Some(self.message_id(telling.notice)))
            .header(AutoSubmitted);
        for to in &self.to {
            building = building.to(to.clone());
        }
        if let Some(reply_to) = &self.reply_to {
            building = building.reply_to(reply_to.clone());
        }
        if telling.notice.news != News::Raised {
            // What follows is shown with what it follows on.
            let first = Notice { news: News::Raised, ..telling.notice.clone() };
            let first = self.message_id(&first);
            building = building.in_reply_to(first.clone()).references(first);
        }
        let parts = MultiPart::alternative_plain_html(message.text(), page(message));
        building.multipart(parts).map_err(|error| {
            DeliverError::new(Reason::Malformed, format!("the e-mail cannot be written: {error}"))
        })
    }

    /// The same for the same news, so that mail systems can tell a second copy.
    fn message_id(&self, notice: &Notice) -> String {
        format!("<{}@{}>", notice.key().replace(':', "-"), self.from.email.domain())
    }

    async fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, DeliverError> {
        let tls = match self.encryption {
            Encryption::None => Tls::None,
            Encryption::Starttls => Tls::Required(self.tls().await?),
            Encryption::Implicit => Tls::Wrapper(self.tls().await?),
        };
        let mut building =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host).port(self.port).tls(tls);
        if let Some((user, password)) = &self.login {
            let password = password.current().await?;
            building =
                building.credentials(Credentials::new(user.clone(), password.expose_secret().to_owned()));
        }
        Ok(building.build())
    }

    async fn tls(&self) -> Result<TlsParameters, DeliverError> {
        let mut building = TlsParameters::builder(self.host.clone());
        if let Some(path) = &self.ca_certificate {
            let problem = |problem: &dyn std::fmt::Display| {
                let problem = format!("the certificate {} cannot be read: {problem}", path.display());
                DeliverError::new(Reason::Config, problem)
            };
            let pem = tokio::fs::read(path).await.map_err(|error| problem(&error))?;
            building =
                building.add_root_certificate(Certificate::from_pem(&pem).map_err(|error| problem(&error))?);
        }
        building.build_rustls().map_err(|error| {
            DeliverError::new(Reason::Config, format!("encryption cannot be set up: {error}"))
        })
    }

    /// 4yz may pass, 5yz does not (RFC 5321, 4.2.1); without an answer the way there is in trouble.
    fn failure(&self, error: &lettre::transport::smtp::Error) -> DeliverError {
        let code = error.status().map(u16::from);
        let (reason, remedy) = match code {
            Some(530 | 534 | 535 | 538) => (Reason::Auth, "check user and password"),
            Some(550 | 551 | 553 | 554) => {
                (Reason::Permission, "check that it may send from and to these addresses")
            }
            Some(500..=599) => (Reason::Config, "it does not accept the e-mail"),
            Some(_) => (Reason::Transient, "the mail server is in trouble"),
            None if error.is_tls() => (Reason::Config, "check encryption, port and certificate"),
            None if error.is_client() => (Reason::Config, "check encryption, port and log-in"),
            None => (Reason::Transient, "the mail server is out of reach"),
        };
        let said = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
        DeliverError::new(reason, format!("{}:{} said {said:?}; {remedy}", self.host, self.port))
    }
}

/// Says that no person wrote this, so that no machine answers (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// The message as a small page.
fn page(message: &Message) -> String {
    let mut page = format!("<!doctype html>\n<html lang=\"en\">\n<p>{}</p>\n<ul>\n", html(&message.lead));
    for Fact { label, text } in &message.facts {
        let _ = writeln!(page, "<li>{label}: {}</li>", html(text));
    }
    page.push_str("</ul>\n");
    if !message.points.is_empty() {
        let _ = writeln!(page, "<p>{POINTS_HEADING}:</p>\n<ul>");
        for point in &message.points {
            let _ = writeln!(page, "<li>{}</li>", html(point));
        }
        page.push_str("</ul>\n");
    }
    if let Some(link) = &message.link {
        let link = html(link);
        let _ = writeln!(page, "<p><a href=\"{link}\">{link}</a></p>");
    }
    page + "</html>\n"
}
