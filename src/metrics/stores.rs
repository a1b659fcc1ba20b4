//! What is asked of the store, and what its copies save.

use std::future::Future;
use std::time::{Duration, Instant};

use prometheus::{Histogram, IntCounter};

use super::{Book, Metrics};

/// A call of the embedded store takes microseconds, one that waits for a disk or a network more.
const CALL: &[f64] = &[
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0,
    2.5, 5.0,
];

/// Declares the calls, each with its name in the metrics.
macro_rules! operations {
    ($($operation:ident = $name:literal,)*) => {
        /// A call of the store: a method of its ports.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs)] // As the methods.
        pub enum Operation {
            $($operation,)*
        }

        impl Operation {
            const ALL: &'static [(Self, &'static str)] = &[$((Self::$operation, $name),)*];

            /// Its name in metrics and traces.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$operation => $name,)*
                }
            }
        }
    };
}

operations! {
    Begin = "begin",
    Attempt = "attempt",
    Latest = "latest",
    CountTry = "count_try",
    Settle = "settle",
    AttemptsWhere = "attempts_where",
    Forget = "forget",
    Session = "session",
    Touch = "touch",
    End = "end",
    SessionsOf = "sessions_of",
    AllSessions = "all_sessions",
    Account = "account",
    Accounts = "accounts",
    ChangeAccount = "change_account",
    ForgetAccount = "forget_account",
    AddToken = "add_token",
    Token = "token",
    Tokens = "tokens",
    NoteUse = "note_use",
    RevokeToken = "revoke_token",
    Hit = "hit",
    Pause = "pause",
    IsPaused = "is_paused",
    Counted = "counted",
    Lift = "lift",
    Claim = "claim",
    Done = "done",
    Retry = "retry",
    Note = "note",
    Delivery = "delivery",
    MailOf = "mail_of",
    DeliveriesOf = "deliveries_of",
    Deliveries = "deliveries",
    DeliveryCounts = "delivery_counts",
    Suppress = "suppress",
    Suppression = "suppression",
    Suppressions = "suppressions",
    LiftSuppression = "lift_suppression",
    EraseDeliveries = "erase_deliveries",
    Append = "append",
    Events = "events",
    Erase = "erase",
    Trim = "trim",
    Roster = "roster",
    ReplaceRoster = "replace_roster",
    Sweep = "sweep",
}

/// What is kept in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptRecord {
    /// A session.
    Session,
    /// An account.
    Account,
    /// A service token.
    Token,
}

impl KeptRecord {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Session, "session"), (Self::Account, "account"), (Self::Token, "token")];
}

pub(super) struct Families {
    calls: Box<[Call]>,
    /// Hits and misses.
    copies: [[IntCounter; 2]; 3],
}

struct Call {
    good: IntCounter,
    bad: IntCounter,
    duration: Histogram,
}

impl Families {
    pub(super) fn new(book: Book<'_>) -> Self {
        let calls = book.counters(
            "linkgate_store_calls_total",
            "Calls of the store, by what was asked and whether it was answered.",
            &["operation", "result"],
        );
        let duration = book.histograms(
            "linkgate_store_call_duration_seconds",
            "How long a call of the store took, answered or not.",
            &["operation"],
            CALL,
        );
        let copies = book.counters(
            "linkgate_copy_reads_total",
            "Records that a request needed, by whether a copy in memory had them.",
            &["record", "result"],
        );
        let call = |(_, name): &(Operation, &str)| Call {
            good: calls.with_label_values(&[name, "ok"]),
            bad: calls.with_label_values(&[name, "error"]),
            duration: duration.with_label_values(&[name]),
        };
        Self {
            calls: Operation::ALL.iter().map(call).collect(),
            copies: KeptRecord::ALL.map(|(_, record)| {
                ["hit", "miss"].map(|result| copies.with_label_values(&[record, result]))
            }),
        }
    }
}

impl Metrics {
    /// Measures a call of the store.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn timed<T, E>(
        &self,
        operation: Operation,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let began = Instant::now();
        let answer = call.await;
        self.called(operation, answer.is_ok(), began.elapsed());
        answer
    }

    fn called(&self, operation: Operation, is_answered: bool, took: Duration) {
        // The operations are numbered as they stand there.
        if let Some(call) = self.stores.calls.get(operation as usize) {
            if is_answered { &call.good } else { &call.bad }.inc();
            call.duration.observe(took.as_secs_f64());
        }
    }

    /// A copy in memory had a record, or had not. Neither locks nor allocates.
    pub fn looked_up(&self, record: KeptRecord, is_there: bool) {
        let [hit, miss] = &self.stores.copies[record as usize];
        if is_there { hit } else { miss }.inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_belong_together() {
        for (number, (operation, _)) in Operation::ALL.iter().enumerate() {
            assert_eq!(*operation as usize, number);
        }
        for (number, (record, _)) in KeptRecord::ALL.iter().enumerate() {
            assert_eq!(*record as usize, number);
        }
    }

    #[tokio::test]
    async fn calls_are_counted_by_their_result() {
        let metrics = Metrics::default();
        let good: Result<u8, ()> = metrics.timed(Operation::Settle, async { Ok(1) }).await;
        let bad: Result<(), u8> = metrics.timed(Operation::Settle, async { Err(2) }).await;
        assert_eq!((good, bad), (Ok(1), Err(2)));
        metrics.looked_up(KeptRecord::Account, true);
        let call = &metrics.stores.calls[Operation::Settle as usize];
        assert_eq!((call.good.get(), call.bad.get(), call.duration.get_sample_count()), (1, 1, 2));
        assert_eq!(metrics.stores.calls[Operation::Begin as usize].good.get(), 0);
        assert_eq!(metrics.stores.copies.each_ref().map(|it| it[0].get()), [0, 1, 0]);
    }
}
