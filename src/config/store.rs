//! Where figures are kept, from what is written to what is used.

use std::path::Path;

use super::Source;
use super::path::KeyPath;
#[cfg(not(feature = "influx"))]
use super::raw::RawInfluxdb2;
use super::raw::RawStore;
use super::resolve::Checker;
use crate::shard::Shard;
#[cfg(not(feature = "influx"))]
use crate::store::ServerSettings;
use crate::store::{Beside, StoreName, StoreSettings};

/// The store of a configuration. A server is looked at where it is used, or given an address.
pub(super) fn resolve(
    raw: &RawStore,
    data_dir: &Path,
    shard: Option<Shard>,
    checker: &mut Checker<'_>,
    source: &Source,
) -> Option<StoreSettings> {
    let mut server = || server(&raw.influxdb2, data_dir, shard, checker, source).map(Box::new);
    match (raw.kind, raw.mirror) {
        (StoreName::Embedded, true) => Some(StoreSettings::Embedded(Beside::Mirror(server()?))),
        (StoreName::Embedded, false) if raw.influxdb2.url.is_some() => {
            Some(StoreSettings::Embedded(Beside::Server(server()?)))
        }
        (StoreName::Embedded, false) => Some(StoreSettings::Embedded(Beside::Nothing)),
        (StoreName::Influxdb2, false) => Some(StoreSettings::Influxdb2(server()?)),
        (StoreName::Influxdb2, true) => {
            let problem = "a server cannot mirror itself; set store.kind to \"embedded\" to feed it from there, or \
                           mirror to false to keep figures on it alone";
            checker.refuse(&KeyPath::of(&["store", "mirror"]), problem);
            None
        }
    }
}

#[cfg(feature = "influx")]
use server::resolve as server;

#[cfg(not(feature = "influx"))]
fn server(
    _: &RawInfluxdb2,
    _: &Path,
    _: Option<Shard>,
    checker: &mut Checker<'_>,
    _: &Source,
) -> Option<ServerSettings> {
    checker.refuse(
        &KeyPath::of(&["store", "influxdb2"]),
        "this program was built without the store influxdb2; build it with the feature influx",
    );
    None
}

#[cfg(feature = "influx")]
mod server {
    use std::path::PathBuf;

    use collectors::http::Backoff;

    use super::super::raw::RawInfluxdb2;
    use super::super::scalar::Length;
    use super::{Checker, KeyPath, Path, Shard, Source};
    use crate::store::influxdb2::{Influxdb2Settings, ServerUrl, WriterName};

    pub(super) fn resolve(
        raw: &RawInfluxdb2,
        data_dir: &Path,
        shard: Option<Shard>,
        checker: &mut Checker<'_>,
        source: &Source,
    ) -> Option<Influxdb2Settings> {
        let at = KeyPath::of(&["store", "influxdb2"]);
        let url = required(raw.url.as_deref(), &at.key("url"), ADDRESS, checker);
        let url = url.and_then(|url| {
            url.parse::<ServerUrl>().map_err(|error| checker.refuse(&at.key("url"), error.to_string())).ok()
        });
        let org = required(raw.org.as_deref(), &at.key("org"), ORGANISATION, checker);
        let bucket = required(raw.bucket.as_deref(), &at.key("bucket"), BUCKET, checker);
        let token = raw.token.clone();
        checker.token(&at.key("token"), token.as_ref(), source);
        let ca_file = raw.ca_file.as_ref().map(PathBuf::from);
        if let Some(file) = ca_file.as_ref().filter(|file| !file.is_file()) {
            let problem = format!("{} is not there; name a file of PEM certificates", file.display());
            checker.refuse(&at.key("ca_file"), problem);
        }
        for (key, length) in [
            ("connect_timeout", raw.connect_timeout),
            ("write_timeout", raw.write_timeout),
            ("query_timeout", raw.query_timeout),
        ] {
            some_time(length, &at.key(key), checker);
        }
        let bucket = bucket?;
        Some(Influxdb2Settings {
            url: url?,
            org: org?.to_owned(),
            bucket: bucket.to_owned(),
            database: raw.database.clone().unwrap_or_else(|| bucket.to_owned()),
            retention_policy: raw.retention_policy.clone(),
            token: token?,
            ca_file,
            gzip: raw.gzip,
            connect_timeout: raw.connect_timeout.0,
            write_timeout: raw.write_timeout.0,
            query_timeout: raw.query_timeout.0,
            retries: raw.retries,
            backoff: Backoff::default(),
            writer: shard.map_or_else(|| WriterName::of(1, 1), WriterName::of_shard)?,
            quarantine_file: data_dir.join("quarantine").join("influxdb2.lp"),
        })
    }

    const ADDRESS: &str =
        "missing; give the address of the server, such as \"https://influxdb.example.gov.uk:8086\"";
    const ORGANISATION: &str = "missing; name the organisation, or give any word where the server has none";
    const BUCKET: &str = "missing; name the bucket to keep figures in";

    fn required<'a>(
        text: Option<&'a str>,
        at: &KeyPath,
        problem: &str,
        checker: &mut Checker<'_>,
    ) -> Option<&'a str> {
        let given = text.filter(|text| !text.trim().is_empty());
        if given.is_none() {
            checker.refuse(at, problem);
        }
        given
    }

    fn some_time(length: Length, at: &KeyPath, checker: &mut Checker<'_>) {
        if length.0.is_zero() {
            checker.refuse(at, "0 would end every request before it starts; give a longer time");
        }
    }
}
