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
                "Events for stdout, a file or syslog, each once, by whether they were written there in \
                 time. Of a write that is late all count as missed, though it may come to its end.",
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

    /// So many of a batch were written to a sink, and so many were not.
    pub fn events_told(&self, sink: &'static str, written: u64, missed: u64) {
        for (result, count) in [("written", written), ("missed", missed)] {
            self.record.sinks.with_label_values(&[sink, result]).inc_by(count);
        }
    }
}
