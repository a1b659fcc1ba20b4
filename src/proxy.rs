//! The only place that knows Pingora: phases, headers, peers, server assembly.

pub mod headers;
