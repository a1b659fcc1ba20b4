//! What is counted and measured, in the text format of Prometheus.
//!
//! No registry is global: one [`Metrics`] is made at the start and handed to whoever counts. Names and
//! units follow the conventions of Prometheus: `_total` counts, seconds and bytes, a gauge for what goes
//! up and down. A label has few values, all of which the configuration or the program knows: never a
//! path, an address or anything else that a client chooses.
//!
//! What a signed-in request counts is counted by handles that are prepared with the configuration
//! ([`Meters`]): atomic numbers, found by an index. Everything else is rare, and looks its labels up.
//!
//! `docs/watching.md` describes each metric; a test compares.

mod operation;
mod people;
mod process;
mod record;
mod requests;
mod stores;

use prometheus::core::Collector;
use prometheus::{
    Gauge, Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

pub use operation::Levels;
pub use people::MailState;
pub use requests::{Counted, Meters, OpenStream};
pub use stores::{KeptRecord, Operation};

/// The media type of [`Metrics::text`].
pub const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Everything that is counted and measured in one process.
pub struct Metrics {
    registry: Registry,
    requests: requests::Families,
    stores: stores::Families,
    process: process::Families,
    people: people::Families,
    record: record::Families,
    wire: IntCounterVec,
    operation: operation::Families,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Metrics(..)")
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let registry = Registry::new();
        let book = Book(&registry);
        let build = "Always 1; which build this is.";
        let build = book.gauges("linkgate_build_info", build, &["version"]);
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        Self {
            requests: requests::Families::new(book),
            stores: stores::Families::new(book),
            process: process::Families::new(book),
            people: people::Families::new(book),
            record: record::Families::new(book),
            wire: book.counters(
                "linkgate_wire_refusals_total",
                "Connections and heads that were refused before they were a request, by status.",
                &["status"],
            ),
            operation: operation::Families::new(book),
            registry: registry.clone(),
        }
    }
}

impl Metrics {
    /// Something was refused with this status before it was a request.
    pub fn refused_on_the_wire(&self, status: u16) {
        self.wire.with_label_values(&[itoa::Buffer::new().format(status)]).inc();
    }

    /// All of it, with what was read just now.
    #[must_use]
    pub fn text(&self, levels: Levels) -> String {
        self.operation.read(levels);
        self.process.read();
        // Only what has a name without sense, or nothing in it, is no text; the registry has neither.
        TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap_or_default()
    }
}

const NO_LABELS: &[&str] = &[];
/// Makes metrics and enters them into a registry.
#[derive(Clone, Copy)]
struct Book<'a>(&'a Registry);

impl Book<'_> {
    /// Names, labels and buckets are constants of this module, each name is there once, and the first
    /// test makes all of them: nothing can be refused.
    #[allow(clippy::expect_used)]
    fn entered<C: Collector + Clone + 'static>(self, made: prometheus::Result<C>) -> C {
        let made = made.expect("a metric that makes sense");
        self.0.register(Box::new(made.clone())).expect("a name that is there once");
        made
    }

    fn counters(self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.entered(IntCounterVec::new(Opts::new(name, help), labels))
    }

    fn histogram(self, name: &str, help: &str, buckets: &[f64]) -> Histogram {
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        self.entered(Histogram::with_opts(options))
    }

    fn histograms(self, name: &str, help: &str, labels: &[&str], buckets: &[f64]) -> HistogramVec {
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        self.entered(HistogramVec::new(options, labels))
    }

    fn gauge(self, name: &str, help: &str) -> IntGauge {
        self.entered(IntGauge::new(name, help))
    }

    /// Gauges, of which none is there until it is set.
    fn gauges(self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        self.entered(IntGaugeVec::new(Opts::new(name, help), labels))
    }

    /// Seconds, with a fraction.
    fn moment(self, name: &str, help: &str) -> Gauge {
        self.entered(Gauge::new(name, help))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::attempt::Way;
    use crate::domain::limit::Limited;
    use crate::domain::time::UnixMillis;

    const LEVELS: Levels =
        Levels { connections: 3, sessions: Some(2), store_up: true, relay_up: false };

    #[test]
    fn what_is_counted_is_told_with_its_labels() {
        let metrics = Metrics::default();
        metrics.signed_in("wiki", Way::OwnLink, Duration::from_secs(7));
        metrics.mail_accepted(Duration::from_millis(300));
        metrics.mail_delivered(Duration::from_millis(4_500));
        metrics.limited(Limited::MailsToAddress);
        metrics.refused_on_the_wire(431);
        metrics.events_lost(7);
        metrics.events_told("file", 2, 1);
        metrics.reloaded(None, Duration::from_millis(20));
        let text = metrics.text(LEVELS);
        for line in [
            "linkgate_sign_ins_total{site=\"wiki\",way=\"own_browser\"} 1",
            "linkgate_sign_in_duration_seconds_bucket{way=\"own_browser\",le=\"10\"} 1",
            "linkgate_sign_in_duration_seconds_bucket{way=\"own_browser\",le=\"5\"} 0",
            "linkgate_mails_total{state=\"accepted\"} 1",
            "linkgate_mails_total{state=\"refused\"} 0",
            "linkgate_mail_accept_duration_seconds_sum 0.3",
            "linkgate_mails_total{state=\"delivered\"} 1",
            "linkgate_mails_total{state=\"complained\"} 0",
            "linkgate_mail_delivery_duration_seconds_bucket{le=\"5\"} 1",
            "linkgate_mail_delivery_duration_seconds_sum 4.5",
            "linkgate_limits_hit_total{kind=\"mail\"} 1",
            "linkgate_wire_refusals_total{status=\"431\"} 1",
            "linkgate_audit_events_total{result=\"lost\"} 7",
            "linkgate_audit_events_total{result=\"stored\"} 0",
            "linkgate_audit_sink_events_total{result=\"missed\",sink=\"file\"} 1",
            "linkgate_audit_sink_events_total{result=\"written\",sink=\"file\"} 2",
            "linkgate_reloads_total{result=\"refused\"} 1",
            "linkgate_configuration_last_reload_successful 0",
            "linkgate_connections_open 3",
            "linkgate_sessions 2",
            "linkgate_store_up 1",
            "linkgate_mail_relay_up 0",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn two_of_them_know_nothing_of_each_other() {
        let (one, other) = (Metrics::default(), Metrics::default());
        one.mail(MailState::Refused);
        let line = "linkgate_mails_total{state=\"refused\"} 0";
        assert!(other.text(LEVELS).contains(line));
        assert!(!one.text(LEVELS).contains(line));
    }

    #[test]
    fn what_nobody_can_tell_is_not_told_as_nothing() {
        let metrics = Metrics::default();
        let levels = Levels { sessions: None, ..LEVELS };
        assert!(!metrics.text(levels).contains("linkgate_sessions"));
    }

    #[test]
    fn a_good_reload_moves_the_moment() {
        let metrics = Metrics::default();
        metrics.reloaded(None, Duration::ZERO);
        metrics.reloaded(Some(UnixMillis(1_500)), Duration::ZERO);
        let text = metrics.text(LEVELS);
        assert!(text.contains("linkgate_configuration_loaded_timestamp_seconds 1.5\n"), "{text}");
        assert!(text.contains("linkgate_configuration_last_reload_successful 1\n"), "{text}");
    }
}
