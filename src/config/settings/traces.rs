//! Where traces go.

use crate::domain::origin::Host;
use crate::domain::trace::{Sample, SampledBefore};

/// Traces, where they are wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct TracesConfig {
    /// The collector.
    pub endpoint: TraceEndpoint,
    /// Which part of the requests is recorded.
    pub sample: Sample,
    /// What becomes of a trace that a trusted proxy says is recorded.
    pub sampled_before: SampledBefore,
    /// What this program is called there.
    pub service_name: String,
}

/// A collector that speaks OTLP over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceEndpoint {
    /// Whether TLS is spoken.
    pub tls: bool,
    /// The host.
    pub host: Host,
    /// The port.
    pub port: u16,
    /// The path, as in `/v1/traces`.
    pub path: String,
}
