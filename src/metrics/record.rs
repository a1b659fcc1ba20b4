//! What is counted of the audit record.

use prometheus::IntCounterVec;

use super::{Book, Metrics};

pub(super) struct Families {
    events: IntCounterVec,
    sinks: IntCounterVec,
}

impl Families {
    pub(super) fn new(book: Book<'_>) -> Self {
        let families = Self {
            events: book.counters(
                "linkgate_audit_events_total",
                "Events of the audit record, by whether the store has them or they had no room.",
                &["result"],
            ),
            sinks: book.counters(
                "linkgate_audit_sink_events_total",
                "Events for stdout, a file or syslog, by whether they were written there.",
                &["sink", "result"],
            ),
        };
        for result in ["stored", "lost"] {
            families.events.with_label_values(&[result]);
        }
        for sink in ["stdout", "file", "syslog"] {
            for result in ["written", "missed"] {
                families.sinks.with_label_values(&[sink, result]);
            }
        }
        families
    }
}

impl Metrics {
    /// The store has so many events more.
    pub fn events_stored(&self, count: u64) {
        self.record.events.with_label_values(&["stored"]).inc_by(count);
    }

    /// So many had no room in memory, and are in no store.
    pub fn events_lost(&self, count: u64) {
        self.record.events.with_label_values(&["lost"]).inc_by(count);
    }

    /// So many were written to a sink, or were not.
    pub fn events_told(&self, sink: &'static str, are_written: bool, count: u64) {
        let result = if are_written { "written" } else { "missed" };
        self.record.sinks.with_label_values(&[sink, result]).inc_by(count);
    }
}
