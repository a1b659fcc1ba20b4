//! Traces, as a collector gets them and as applications see them.

mod collector;

use std::collections::BTreeMap;

use collector::{Collector, Span};

use crate::support::client::{Answer, Browser, raw};
use crate::support::gate::{Gate, Wishes};

const ANN: &str = "ann@example.com";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
const STATE: &str = "vendor=opaque";

/// A field line that leads by the shorter way or by the long one; what names a field in `Connection` is
/// not plain.
const WAYS: [&str; 2] = ["", "Connection: x-nothing\r\n"];

async fn gate(collector: Option<&Collector>, sample: &str, trusted: &str) -> Gate {
    let traces = collector.map(|collector| {
        format!("traces: {{ endpoint: \"http://{}\", sample: {sample} }}", collector.address)
    });
    let extra = traces.unwrap_or_default();
    Gate::with(Wishes { extra, trusted: trusted.into(), ..Wishes::default() }).await
}

/// Asks for a page with a context that is recorded.
async fn get(gate: &Gate, way: &str, target: &str, more: &str) -> Answer {
    let context = format!("traceparent: 00-{TRACE}-{PARENT}-01\r\nTraceState: {STATE}\r\n");
    let host = &gate.host;
    let head = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{way}{more}{context}\r\n");
    raw(gate.address, head.as_bytes()).await
}

/// What the application was told last.
fn told(gate: &Gate) -> (String, String) {
    let last = gate.upstream.seen().pop().expect("a request");
    assert!(last.all("traceparent").len() <= 1, "{last:?}");
    (last.header("traceparent").to_owned(), last.header("tracestate").to_owned())
}

fn by_name(spans: &[Span]) -> BTreeMap<&str, &Span> {
    spans.iter().map(|span| (span.name.as_str(), span)).collect()
}

fn cookies(browser: &Browser) -> String {
    let pairs: Vec<_> =
        browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("Cookie: {}\r\n", pairs.join("; "))
}

#[tokio::test]
async fn without_a_collector_a_context_passes_untouched() {
    let gate = gate(None, "1", "[]").await;
    for way in WAYS {
        assert_eq!(get(&gate, way, "/public/x", "").await.status, 200);
        assert_eq!(told(&gate), (format!("00-{TRACE}-{PARENT}-01"), STATE.to_owned()), "{way}");
    }
}

#[tokio::test]
async fn a_trusted_proxy_is_continued() {
    let collector = Collector::start().await;
    let gate = gate(Some(&collector), "0, sampled_before: always", "[127.0.0.1]").await;
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, ANN, "/").await;
    // From here on the store is asked for nothing.
    assert_eq!(browser.get("/me").await.status, 200);
    for (round, way) in WAYS.into_iter().enumerate() {
        let answer = get(&gate, way, "/me?secret=1", &cookies(&browser)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let (onward, state) = told(&gate);
        let spans = collector.spans(3 * (round + 1)).await;
        let spans = by_name(&spans[3 * round..]);
        let (request, decision, upstream) = (spans["GET"], spans["decision"], spans["upstream"]);
        assert_eq!((request.kind, decision.kind, upstream.kind), (2, 1, 3));
        assert!(spans.values().all(|span| span.trace == TRACE), "{spans:?}");
        assert_eq!(request.parent, PARENT);
        assert_eq!((&decision.parent, &upstream.parent), (&request.id, &request.id));
        assert_eq!(onward, format!("00-{TRACE}-{}-01", upstream.id), "{way}");
        assert_eq!(state, STATE);
        assert!(request.start <= decision.start && decision.end <= upstream.end);
        assert!(upstream.end <= request.end, "{spans:?}");
        let attribute = |name: &str| request.attributes.get(name).map_or("", String::as_str);
        assert_eq!(attribute("http.request.method"), "GET");
        assert_eq!(attribute("http.response.status_code"), "200");
        assert_eq!(attribute("linkgate.site"), "app");
        assert_eq!(attribute("linkgate.outcome"), "passed");
        assert_eq!(attribute("linkgate.rule"), "allow");
        let seen = gate.upstream.seen().pop().expect("a request");
        assert_eq!(attribute("linkgate.request_id"), seen.header("x-request-id"));
        assert_eq!(request.attributes.len(), 6, "{request:?}");
        assert_eq!(spans["GET"].service, "linkgate");
    }
    for secret in ["secret", "/me", "ann", "127.0.0.1"] {
        assert!(!collector.has_text(secret), "{secret}");
    }
}

#[tokio::test]
async fn nobody_else_is_continued() {
    let collector = Collector::start().await;
    let gate = gate(Some(&collector), "1", "[]").await;
    for (round, way) in WAYS.into_iter().enumerate() {
        assert_eq!(get(&gate, way, "/public/x", "").await.status, 200);
        let (onward, state) = told(&gate);
        let spans = collector.spans(3 * (round + 1)).await;
        let spans = by_name(&spans[3 * round..]);
        assert_ne!(spans["GET"].trace, TRACE, "a trace of its own");
        assert_eq!(spans["GET"].parent, "");
        assert_eq!(onward, format!("00-{}-{}-01", spans["GET"].trace, spans["upstream"].id));
        assert_eq!(state, "", "it belongs to the other trace");
    }
}

#[tokio::test]
async fn what_is_not_recorded_is_told_so_to_the_application() {
    let collector = Collector::start().await;
    let gate = gate(Some(&collector), "0, sampled_before: always", "[127.0.0.1]").await;
    for way in WAYS {
        let host = &gate.host;
        let head = format!("GET /public/x HTTP/1.1\r\nHost: {host}\r\n{way}\r\n");
        assert_eq!(raw(gate.address, head.as_bytes()).await.status, 200);
        let (onward, _) = told(&gate);
        assert!(onward.len() == 55 && onward.ends_with("-00"), "{onward}");
    }
    // One that is recorded comes after them, and alone.
    get(&gate, "", "/public/x", "").await;
    assert_eq!(collector.spans(3).await.len(), 3);
}

#[tokio::test]
async fn nobody_has_more_recorded_than_the_operator_wants() {
    let collector = Collector::start().await;
    let gate = gate(Some(&collector), "0", "[127.0.0.1]").await;
    for way in WAYS {
        assert_eq!(get(&gate, way, "/public/x", "").await.status, 200);
        let (onward, state) = told(&gate);
        assert!(onward.starts_with(&format!("00-{TRACE}-")), "it is continued: {onward}");
        assert!(onward.ends_with("-00"), "and not recorded: {onward}");
        assert_eq!(state, STATE);
    }
}

#[tokio::test]
async fn a_sign_in_shows_what_the_store_was_asked() {
    let collector = Collector::start().await;
    let gate = gate(Some(&collector), "1", "[]").await;
    let mut browser = gate.browser();
    assert_eq!(gate.sign_in(&mut browser, ANN, "/").await.status, 303);
    let settle = collector.span("store settle").await;
    let request = collector.all().into_iter().find(|span| span.id == settle.parent);
    let request = request.expect("its request");
    assert_eq!((request.name.as_str(), &request.trace), ("GET", &settle.trace));
    assert_eq!(request.attributes["linkgate.outcome"], "own");
    assert!(request.start <= settle.start && settle.end <= request.end);
}

#[tokio::test]
async fn a_collector_that_is_away_holds_nothing_up() {
    let collector = Collector::start().await;
    let address = collector.address;
    drop(collector);
    let extra = format!("traces: {{ endpoint: \"http://{address}\", sample: 1 }}");
    let gate = Gate::with(Wishes { extra, ..Wishes::default() }).await;
    assert_eq!(get(&gate, "", "/public/x", "").await.status, 200);
    crate::support::eventually("it is told and counted", async || {
        let text = super::metrics(&gate).await;
        let failed = super::value(&text, "linkgate_traces_total{result=\"failed\"}") >= 1.0;
        (failed && gate.log().contains("traces do not leave")).then_some(())
    })
    .await;
}
