//! How linkgate itself is doing: its configuration, and what is read when somebody looks.

use std::time::Duration;

use prometheus::{Gauge, Histogram, IntCounterVec, IntGauge, IntGaugeVec};

use super::{Book, Metrics, NO_LABELS};
use crate::domain::time::UnixMillis;

const RELOAD: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// What is read when somebody looks, because nobody counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Levels {
    /// Connections that are open on the public listeners.
    pub connections: u32,
    /// Sessions in the store, where it can tell without counting.
    pub sessions: Option<u64>,
    /// Whether the store is used.
    pub store_up: bool,
    /// Whether the last probe reached the relay.
    pub relay_up: bool,
}

pub(super) struct Families {
    reloads: IntCounterVec,
    reload_duration: Histogram,
    reload_is_good: IntGauge,
    configured_at: Gauge,
    traces: IntCounterVec,
    connections: IntGauge,
    sessions: IntGaugeVec,
    store_up: IntGauge,
    relay_up: IntGauge,
}

impl Families {
    pub(super) fn new(book: Book<'_>) -> Self {
        let families = Self {
            reloads: book.counters(
                "linkgate_reloads_total",
                "Changes of the configuration, by whether they are in force.",
                &["result"],
            ),
            reload_duration: book.histogram(
                "linkgate_reload_duration_seconds",
                "How long it took to read, check and exchange a configuration.",
                RELOAD,
            ),
            reload_is_good: book.gauge(
                "linkgate_configuration_last_reload_successful",
                "Whether the files say what is in force: 0 after a change that was refused.",
            ),
            configured_at: book.moment(
                "linkgate_configuration_loaded_timestamp_seconds",
                "When the configuration in force was put in force.",
            ),
            traces: book.counters(
                "linkgate_traces_total",
                "Traces of requests, by whether the collector has them.",
                &["result"],
            ),
            connections: book.gauge(
                "linkgate_connections_open",
                "Connections that are open on the public listeners.",
            ),
            sessions: book.gauges(
                "linkgate_sessions",
                "Sessions in the store, idle ones included. Not with Redis, which would have to count.",
                NO_LABELS,
            ),
            store_up: book.gauge("linkgate_store_up", "Whether the store answers and is ours."),
            relay_up: book.gauge(
                "linkgate_mail_relay_up",
                "Whether the relay was reached when it was asked last.",
            ),
        };
        for result in ["ok", "refused"] {
            families.reloads.with_label_values(&[result]);
        }
        for result in ["sent", "failed", "dropped"] {
            families.traces.with_label_values(&[result]);
        }
        families.reload_is_good.set(1);
        families
    }

    pub(super) fn read(&self, levels: Levels) {
        self.connections.set(i64::from(levels.connections));
        if let Some(sessions) = levels.sessions {
            let sessions = i64::try_from(sessions).unwrap_or(i64::MAX);
            self.sessions.with_label_values(NO_LABELS).set(sessions);
        }
        self.store_up.set(i64::from(levels.store_up));
        self.relay_up.set(i64::from(levels.relay_up));
    }
}

impl Metrics {
    /// The configuration of the start is in force.
    pub fn configured(&self, at: UnixMillis) {
        self.operation.configured_at.set(Duration::from_millis(at.0).as_secs_f64());
    }

    /// A change was put in force at a moment, or was refused.
    pub fn reloaded(&self, in_force: Option<UnixMillis>, took: Duration) {
        let result = if in_force.is_some() { "ok" } else { "refused" };
        self.operation.reloads.with_label_values(&[result]).inc();
        self.operation.reload_duration.observe(took.as_secs_f64());
        self.operation.reload_is_good.set(i64::from(in_force.is_some()));
        if let Some(at) = in_force {
            self.configured(at);
        }
    }

    /// Traces that were `sent`, have `failed` to arrive or were `dropped` because too many waited.
    pub fn traces(&self, result: &'static str, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.operation.traces.with_label_values(&[result]).inc_by(count);
    }
}
