//! What flows through after the decision, untouched and unbuffered.

mod bodies;
mod grpc;
mod tls;
mod upstreams;
mod websocket;
