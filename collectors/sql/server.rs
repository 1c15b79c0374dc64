//! Where a `PostgreSQL` server is, and as whom it is asked.

use std::path::PathBuf;

use super::config::{Settings, Tls};
use crate::Secret;
use crate::settings::Check;

/// A server, a database on it and a user.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) database: String,
    pub(super) user: String,
    pub(super) password: Option<Secret>,
    pub(super) tls: Tls,
    pub(super) ca_file: Option<PathBuf>,
}

impl Server {
    /// As messages name it; there is no secret in it.
    pub(super) fn name(&self) -> String {
        format!("database {:?} on {}:{}", self.database, self.host, self.port)
    }
}

#[derive(Default)]
struct Address {
    host: Option<String>,
    port: Option<u16>,
    database: Option<String>,
    user: Option<String>,
}

pub(super) fn server(settings: &Settings, check: &mut Check) -> Option<Server> {
    let before = check.problems.len();
    let address = match &settings.url {
        Some(url) => {
            for (key, given) in [
                ("host", settings.host.is_some()),
                ("port", settings.port.is_some()),
                ("database", settings.database.is_some()),
            ] {
                if given {
                    check.problem(key, "url says it already; keep one of them");
                }
            }
            match address(url) {
                Ok(address) => address,
                Err(message) => {
                    check.problem("url", message);
                    return None;
                }
            }
        }
        None => Address {
            host: settings.host.clone(),
            port: settings.port,
            database: settings.database.clone(),
            user: None,
        },
    };
    if address.user.is_some() && settings.user.is_some() {
        check.problem("user", "url says it already; keep one of them");
    }
    let user = address.user.or_else(|| settings.user.clone());
    for (key, value, what) in [
        ("host", &address.host, "name the server, or give a url"),
        ("database", &address.database, "name the database, or give a url"),
        ("user", &user, "name the user, one that may only read"),
    ] {
        if value.as_ref().is_none_or(|text| text.trim().is_empty()) {
            check.problem(key, format!("this key is missing; {what}"));
        }
    }
    // Hosts are named in messages, so nothing else may hide in them.
    if address.host.as_ref().is_some_and(|host| host.contains('@')) {
        let message = "a host has no @; give user and password under keys of their own";
        check.problem("host", message);
    }
    let tls = settings.tls.unwrap_or_default();
    if settings.ca_file.is_some() && tls != Tls::Require {
        let message = "certificates are checked only with tls = \"require\"; set that or take this out";
        check.problem("ca_file", message);
    }
    let server = Server {
        host: address.host?,
        port: address.port.unwrap_or(5432),
        database: address.database?,
        user: user?,
        password: settings.password.as_ref().map(crate::SecretRef::open),
        tls,
        ca_file: settings.ca_file.clone(),
    };
    (check.problems.len() == before).then_some(server)
}

const FORM: &str = "write postgresql://USER@HOST:PORT/DATABASE";

/// The parts of a URL. Messages do not repeat it: it may hold a password.
fn address(url: &str) -> Result<Address, String> {
    let url = reqwest::Url::parse(url).map_err(|error| format!("not a URL: {error}; {FORM}"))?;
    if !matches!(url.scheme(), "postgresql" | "postgres") {
        return Err(format!("the URL begins with {:?}; {FORM}", url.scheme()));
    }
    if url.password().is_some() {
        return Err(
            "the URL holds a password; take it out and write password = { env = \"NAME\" } or { file = \"PATH\" }"
                .to_owned(),
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!(
            "options do not go into the URL; use the keys tls, ca_file and password; {FORM}"
        ));
    }
    let user = decoded(url.username())?;
    let database = decoded(url.path().trim_start_matches('/'))?;
    // An IPv6 address is in brackets in a URL and without them elsewhere.
    let host = url.host_str().map(|host| host.trim_start_matches('[').trim_end_matches(']').to_owned());
    let given = |text: String| (!text.is_empty()).then_some(text);
    Ok(Address { host, port: url.port(), database: given(database), user: given(user) })
}

fn decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
        let pair = digit().zip(digit()).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        bytes.push(pair.ok_or_else(|| format!("a % in the URL is not followed by two digits; {FORM}"))?);
    }
    String::from_utf8(bytes).map_err(|_| format!("the URL is not UTF-8; {FORM}"))
}
