//! What flows through after the decision, untouched and unbuffered.

mod bodies;
pub mod grpc;
mod in_doubt;
pub mod patience;
mod tls;
mod upstreams;
pub mod websocket;
