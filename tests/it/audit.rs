//! The audit record.

mod commands;
mod erasing;
mod noted;
mod retention;
pub mod samples;
mod schema;
mod sinks;
