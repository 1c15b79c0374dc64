//! What several test files share.

#![allow(dead_code, unused_imports, reason = "each test file uses its part")]

pub(crate) mod figures;
pub(crate) mod store_contract;
pub(crate) mod store_history;
pub(crate) mod store_load;
pub(crate) mod store_model;
