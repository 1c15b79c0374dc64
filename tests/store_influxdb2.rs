//! The store on a server keeps the contract of stores, against a real server.

#![cfg(feature = "influx")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is the verdict of a test"
)]

mod support;

use std::io::Write;

use pp_collector::store::Store;
use support::influx::{self, InfluxServer};

store_contract!(open_empty);

/// A store in a database of its own.
async fn open_empty() -> Box<dyn Store> {
    let Some(server) = InfluxServer::shared() else {
        // Past the harness, which would keep it to itself.
        let _ =
            writeln!(std::io::stdout(), "absent: influxd or nginx (Debian packages influxdb, nginx-light)");
        std::process::exit(0)
    };
    Box::new(influx::open(&server.settings(&server.database())))
}
