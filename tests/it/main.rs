//! One binary for all tests that need more than one module.

mod store_contract;
mod support;
