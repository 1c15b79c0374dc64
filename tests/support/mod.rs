//! What several test files share.

#![allow(dead_code, unused_imports, reason = "each test file uses its part")]

#[cfg(feature = "influx")]
pub(crate) mod fault_proxy;
pub(crate) mod figures;
#[cfg(feature = "influx")]
pub(crate) mod influx;
pub(crate) mod logged;
pub(crate) mod store_contract;
pub(crate) mod store_history;
pub(crate) mod store_load;
pub(crate) mod store_model;
pub(crate) mod store_owners;
