//! The only place that knows Pingora.

pub mod wire;
