//! Where the server is, and how it is spoken to.

use std::path::PathBuf;
use std::time::Duration;

use collectors::{SecretRef, http::Backoff};
use kpi::ServiceId;
use reqwest::Url;

use crate::shard::Shard;

/// Everything the store needs to know about its server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Influxdb2Settings {
    /// Where the server answers; a path is kept before the server's own.
    pub url: ServerUrl,
    /// The organisation, as `/api/v2/write` asks for it.
    pub org: String,
    /// The bucket figures are written to.
    pub bucket: String,
    /// The database that `/query` knows the bucket by.
    pub database: String,
    /// The retention policy of that database; its default where `None`.
    pub retention_policy: Option<String>,
    /// Where the token is that may read and write the bucket.
    pub token: SecretRef,
    /// Certificates (PEM) to trust beside the built-in ones.
    pub ca_file: Option<PathBuf>,
    /// Whether bodies are packed with gzip.
    pub gzip: bool,
    /// How long opening a connection may take.
    pub connect_timeout: Duration,
    /// How long one write may take.
    pub write_timeout: Duration,
    /// How long one query may take.
    pub query_timeout: Duration,
    /// Attempts after the first, for requests that may succeed later.
    pub retries: u32,
    /// How long to wait between attempts.
    pub backoff: Backoff,
    /// The instance that writes. Instances that share a bucket have different ones.
    pub writer: WriterName,
    /// Where lines that the server refuses are kept for people to see.
    pub quarantine_file: PathBuf,
}

/// What an instance is called among those that write to one bucket: `1-of-1` where it is the only one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriterName(ServiceId);

impl WriterName {
    /// The instance of this number, counted from 1, of so many.
    pub fn of(number: u32, count: u32) -> Option<Self> {
        // An id is what a tag and a text of InfluxQL can hold without any escape.
        (1..=count).contains(&number).then(|| format!("{number}-of-{count}").parse().ok().map(Self)).flatten()
    }

    /// The instance that has this part of the services.
    pub fn of_shard(shard: Shard) -> Option<Self> {
        shard.file_name().parse().ok().map(Self)
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Why a text is not the address of a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServerUrlError {
    /// It cannot be read as an address.
    #[error("{0:?} is not an address; write it as \"https://influxdb.example.gov.uk:8086\"")]
    Malformed(String),
    /// It is for another protocol.
    #[error("the scheme {0:?} is not spoken here; use https, or http for a server on this machine")]
    Scheme(String),
    /// It holds a name or password. Not repeated.
    #[error("it holds a user name or password, and secrets are not written here; set store.influxdb2.token")]
    Credential,
    /// It has a part that a server's address does not have.
    #[error("{0:?} has a query or fragment; give the address of the server alone")]
    Extra(String),
}

/// The address of a server, checked: the client it is given to would panic on a bad one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl(Url);

impl std::str::FromStr for ServerUrl {
    type Err = ServerUrlError;

    fn from_str(text: &str) -> Result<Self, ServerUrlError> {
        let url = Url::parse(text).map_err(|_| ServerUrlError::Malformed(text.to_owned()))?;
        if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
            return Err(ServerUrlError::Credential);
        }
        // "localhost:8086" reads as one of the scheme localhost.
        if url.cannot_be_a_base() {
            return Err(ServerUrlError::Malformed(text.to_owned()));
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ServerUrlError::Scheme(url.scheme().to_owned()));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(ServerUrlError::Extra(text.to_owned()));
        }
        Ok(Self(url))
    }
}

impl ServerUrl {
    /// The address of an endpoint, after the server's own path.
    pub(super) fn endpoint(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}{path}"));
        url
    }

    /// Whether the server answers below a path, such as behind a proxy that it shares with others.
    pub(super) fn has_path(&self) -> bool {
        self.0.path() != "/"
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("http://127.0.0.1:8086", "http://127.0.0.1:8086/query", false)]
    #[case("https://host/", "https://host/query", false)]
    #[case("https://host/influx", "https://host/influx/query", true)]
    #[case("https://host/a/b/", "https://host/a/b/query", true)]
    fn a_path_is_kept(#[case] text: &str, #[case] query: &str, #[case] has_path: bool) {
        let url: ServerUrl = text.parse().unwrap();
        assert_eq!((url.endpoint("/query").as_str(), url.has_path()), (query, has_path));
    }

    #[rstest::rstest]
    #[case("")]
    #[case("localhost:8086")]
    #[case("/3242/23")]
    #[case("http://")]
    #[case("https://user:pass@host")]
    #[case("user:pass@host")]
    #[case("https://host?db=x")]
    #[case("ftp://host")]
    fn what_is_not_an_address_is_refused(#[case] text: &str) {
        let refused = text.parse::<ServerUrl>().unwrap_err().to_string();
        assert!(!refused.contains("pass@"), "{refused}");
    }

    #[test]
    fn a_writer_is_one_of_its_number() {
        assert_eq!(WriterName::of(2, 8).unwrap().as_str(), "2-of-8");
        assert_eq!((WriterName::of(0, 1), WriterName::of(9, 8)), (None, None));
    }
}
