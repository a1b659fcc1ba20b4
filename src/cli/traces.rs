//! Traces in the process that serves: who begins them, and where they go.

use std::sync::{Arc, Mutex, PoisonError};

use crate::config::{Config, TracesConfig};
use crate::metrics::Metrics;
use crate::proxy::otlp;
use crate::proxy::server::Assembly;
use crate::traces::{Finished, Tracer};

/// Traces that are over, and where they go.
pub type Export = (tokio::sync::mpsc::Receiver<Box<Finished>>, otlp::Collector);

/// Begins traces, if they are wanted.
pub(super) fn tracer(config: &Config, metrics: &Arc<Metrics>) -> Option<(Arc<Tracer>, Export)> {
    let TracesConfig { endpoint, sample, sampled_before, service_name } = config.traces.as_ref()?;
    let (tracer, over) = Tracer::new(*sample, *sampled_before, Arc::clone(metrics));
    let collector = otlp::Collector {
        host: endpoint.host.as_str().to_owned(),
        port: endpoint.port,
        tls: endpoint.tls,
        path: endpoint.path.clone(),
        service: service_name.clone(),
    };
    Some((Arc::new(tracer), (over, collector)))
}

/// Lets traces leave until the server is over.
pub(super) fn keep(server: &mut Assembly<'_>, export: Export, metrics: Arc<Metrics>) {
    let (over, collector) = export;
    let (over, leaving) = (Mutex::new(Some(over)), Arc::clone(server.leaving()));
    server.add_ending_work("traces", move |_| {
        let over = over.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (collector, leaving) = (collector.clone(), Arc::clone(&leaving));
        let metrics = Arc::clone(&metrics);
        Box::pin(async move {
            if let Some(over) = over {
                otlp::export(over, collector, leaving, metrics).await;
            }
        })
    });
}
