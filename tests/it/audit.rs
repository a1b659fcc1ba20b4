//! The audit record.

mod commands;
mod noted;
mod retention;
pub mod samples;
mod schema;
mod sinks;
