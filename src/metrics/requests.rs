//! What is counted of each request.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge};

use super::{Book, Metrics};
use crate::domain::outcome::Outcome;
use crate::domain::policy::{self, SITE_ALLOW, SiteId};

/// A session from memory and a few rules are microseconds, a session from a store milliseconds.
const DECISION: &[f64] = &[
    0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25,
    1.0,
];
const REQUEST: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
/// Values of the label `class`: the first digit of the status, none at the beginning.
const CLASSES: [&str; 6] = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"];

pub(super) struct Families {
    requests: IntCounterVec,
    responses: IntCounterVec,
    sent: IntCounterVec,
    decision: Histogram,
    duration: [Histogram; Outcome::ALL.len()],
    streams: IntGauge,
}

impl Families {
    pub(super) fn new(book: Book<'_>) -> Self {
        let duration = book.histograms(
            "linkgate_request_duration_seconds",
            "From the end of a request's head to the end of its answer, by outcome.",
            &["outcome"],
            REQUEST,
        );
        Self {
            requests: book.counters(
                "linkgate_requests_total",
                "Requests, by site, by what was decided and by the rule that decided.",
                &["site", "outcome", "rule"],
            ),
            responses: book.counters(
                "linkgate_responses_total",
                "Answers, by site and first digit of the status; none where the client got no answer.",
                &["site", "class"],
            ),
            sent: book.counters(
                "linkgate_response_body_bytes_total",
                "Content that clients were sent, by site.",
                &["site"],
            ),
            decision: book.histogram(
                "linkgate_decision_duration_seconds",
                "How long it took until it was known who is asking and what the rules say, with the wait for others that had come.",
                DECISION,
            ),
            duration: Outcome::ALL.map(|outcome| duration.with_label_values(&[outcome.word()])),
            streams: book.gauge(
                "linkgate_streams_open",
                "Answers and uploads without a known length that are open: WebSockets, events, gRPC.",
            ),
        }
    }
}

/// Handles for the sites of one configuration. Neither locks nor allocates, but for the first request
/// of a kind: what nobody has asked for has no series, or ten thousand sites would have a million.
#[derive(Debug)]
pub struct Meters {
    metrics: Arc<Metrics>,
    /// In the order of the configuration, as [`SiteId`].
    sites: Box<[SiteMeter]>,
    /// For requests that name none of our sites.
    nowhere: SiteMeter,
}

#[derive(Debug)]
struct SiteMeter {
    name: Box<str>,
    /// For no rule, for the site's `allow`, and for each rule in order.
    rules: Box<[[Handle; Outcome::ALL.len()]]>,
    classes: [Handle; CLASSES.len()],
    sent: Handle,
}

type Handle = OnceLock<IntCounter>;

/// What is counted when a request is over.
#[derive(Clone, Copy, Debug)]
pub struct Counted<'a> {
    /// The site, if it named one.
    pub site: Option<SiteId>,
    /// The rule that decided, if one did.
    pub rule: Option<&'a str>,
    /// What was decided.
    pub outcome: Outcome,
    /// The status that the client was sent; 0 for none.
    pub status: u16,
    /// Bytes of content that the client was sent.
    pub sent: u64,
    /// From the end of the head.
    pub took: Duration,
}

impl Meters {
    /// Handles for sites, each with its name and how many rules it has.
    pub fn new<'a>(
        metrics: Arc<Metrics>,
        sites: impl IntoIterator<Item = (&'a str, usize)>,
    ) -> Self {
        let sites = sites.into_iter().map(|(name, rules)| SiteMeter::new(name, rules)).collect();
        Self { metrics, sites, nowhere: SiteMeter::new("", 0) }
    }

    /// What these are handles of.
    #[must_use]
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// It took so long to find out what is to become of a request.
    pub fn decided(&self, took: Duration) {
        self.metrics.requests.decision.observe(took.as_secs_f64());
    }

    /// A request is over.
    pub fn count(&self, counted: Counted<'_>) {
        let families = &self.metrics.requests;
        let index = counted.site.and_then(|site| usize::try_from(site.0).ok());
        let site = index.and_then(|index| self.sites.get(index)).unwrap_or(&self.nowhere);
        site.count(families, counted);
        families.duration[counted.outcome as usize].observe(counted.took.as_secs_f64());
    }

    /// A stream is open, until this is dropped.
    #[must_use]
    pub fn stream(&self) -> OpenStream {
        let streams = self.metrics.requests.streams.clone();
        streams.inc();
        OpenStream(streams)
    }
}

impl SiteMeter {
    fn new(name: &str, rules: usize) -> Self {
        Self {
            name: name.into(),
            rules: std::iter::repeat_with(Default::default).take(2 + rules).collect(),
            classes: Default::default(),
            sent: Handle::new(),
        }
    }

    fn count(&self, families: &Families, counted: Counted<'_>) {
        let row = row(counted.rule).filter(|row| *row < self.rules.len()).unwrap_or(0);
        let handle = &self.rules[row][counted.outcome as usize];
        let made = || {
            let rule = counted.rule.filter(|_| row > 0).unwrap_or_default();
            let outcome = counted.outcome.word();
            families.requests.with_label_values(&[&*self.name, outcome, rule])
        };
        handle.get_or_init(made).inc();
        let class = usize::from(counted.status / 100);
        let class = if class < CLASSES.len() { class } else { 0 };
        let made = || families.responses.with_label_values(&[&*self.name, CLASSES[class]]);
        self.classes[class].get_or_init(made).inc();
        let made = || families.sent.with_label_values(&[&*self.name]);
        self.sent.get_or_init(made).inc_by(counted.sent);
    }
}

/// Where the counts of a rule stand.
fn row(rule: Option<&str>) -> Option<usize> {
    match rule {
        None => Some(0),
        Some(SITE_ALLOW) => Some(1),
        Some(name) => policy::rule_place(name).map(|place| place + 2),
    }
}

/// Counts an open stream until it is dropped.
#[derive(Debug)]
pub struct OpenStream(IntGauge);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Levels;

    const LEVELS: Levels =
        Levels { connections: 0, sessions: None, store_up: true, relay_up: true };

    fn counted(site: u32, rule: Option<&str>, status: u16) -> Counted<'_> {
        let (site, outcome) = (Some(SiteId(site)), Outcome::Passed);
        Counted { site, rule, outcome, status, sent: 5, took: Duration::from_millis(3) }
    }

    #[test]
    fn each_is_counted_at_its_site_under_its_rule() {
        let meters = Meters::new(Arc::default(), [("wiki", 0), ("app", 2)]);
        meters.count(counted(0, Some("allow"), 200));
        meters.count(counted(1, Some("rules[1]"), 304));
        meters.count(counted(1, Some("rules[1]"), 502));
        meters.count(counted(1, None, 0));
        meters.count(Counted { site: None, ..counted(0, None, 421) });
        let text = meters.metrics().text(LEVELS);
        for line in [
            "linkgate_requests_total{outcome=\"passed\",rule=\"allow\",site=\"wiki\"} 1",
            "linkgate_requests_total{outcome=\"passed\",rule=\"rules[1]\",site=\"app\"} 2",
            "linkgate_requests_total{outcome=\"passed\",rule=\"\",site=\"app\"} 1",
            "linkgate_requests_total{outcome=\"passed\",rule=\"\",site=\"\"} 1",
            "linkgate_responses_total{class=\"5xx\",site=\"app\"} 1",
            "linkgate_responses_total{class=\"none\",site=\"app\"} 1",
            "linkgate_response_body_bytes_total{site=\"app\"} 15",
            "linkgate_request_duration_seconds_count{outcome=\"passed\"} 5",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn what_the_configuration_does_not_know_makes_no_series() {
        let meters = Meters::new(Arc::default(), [("wiki", 1)]);
        for rule in ["rules[1]", "rules[99]", "rules[x]", "something"] {
            meters.count(counted(0, Some(rule), 999));
        }
        meters.count(counted(7, Some("allow"), 200));
        let text = meters.metrics().text(LEVELS);
        let series = text.lines().filter(|line| line.starts_with("linkgate_requests_total{"));
        assert_eq!(series.count(), 2, "{text}");
    }

    #[test]
    fn counts_go_on_with_another_configuration() {
        let metrics = Arc::new(Metrics::default());
        for sites in [[("wiki", 1)], [("wiki", 3)]] {
            let meters = Meters::new(Arc::clone(&metrics), sites);
            meters.count(counted(0, Some("rules[0]"), 200));
        }
        let line = "linkgate_requests_total{outcome=\"passed\",rule=\"rules[0]\",site=\"wiki\"} 2";
        assert!(metrics.text(LEVELS).contains(line));
    }

    #[test]
    fn a_stream_is_open_until_it_is_dropped() {
        let meters = Meters::new(Arc::default(), []);
        let open = meters.stream();
        assert!(meters.metrics().text(LEVELS).contains("linkgate_streams_open 1\n"));
        drop(open);
        assert!(meters.metrics().text(LEVELS).contains("linkgate_streams_open 0\n"));
    }
}
