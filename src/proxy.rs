//! The only place that knows Pingora: phases, headers, peers, server assembly.

pub mod access_log;
pub mod arrival;
pub mod context;
pub mod direct;
mod door;
pub mod front;
pub mod headers;
mod homeward;
pub mod leaving;
pub mod onward;
pub mod otlp;
pub mod peers;
pub mod reply;
pub mod server;
pub mod service;
pub mod streams;
pub mod turns;
pub mod verdict;
pub mod wire;
