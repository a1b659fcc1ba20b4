//! The audit record.

pub mod samples;
mod schema;
