//! What operators see of a running linkgate, and that everything which reads it finds what it names.

mod health;
mod queries;
mod traces;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::support::client::{Answer, raw};
use crate::support::eventually;
use crate::support::gate::{Gate, Wishes};
use queries::{Query, queries_of_alerts, queries_of_dashboard};

const ANN: &str = "ann@example.com";

/// What one metric looks like.
#[derive(Debug, Default, PartialEq, Eq)]
struct Family {
    kind: String,
    labels: BTreeSet<String>,
}

/// Asks the admin listener, with more field lines.
async fn admin(gate: &Gate, path: &str, more: &str) -> Answer {
    let host = gate.admin;
    let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}Connection: close\r\n\r\n");
    raw(gate.admin, head.as_bytes()).await
}

async fn metrics(gate: &Gate) -> String {
    let answer = admin(gate, "/metrics", "").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    answer.text()
}

/// The value of one series, 0 where it is not there.
fn value(text: &str, series: &str) -> f64 {
    let found = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    found.map_or(0.0, |value| value.parse().expect("a number"))
}

fn families(text: &str) -> BTreeMap<String, Family> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut current = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a kind");
            current = name.to_owned();
            families.entry(current.clone()).or_default().kind = kind.to_owned();
        } else if !line.starts_with('#') {
            assert!(line.starts_with(&current), "{line} after {current}");
            let labels = &mut families.get_mut(&current).expect("a kind before").labels;
            labels.extend(queries::labels_of_series(line).into_iter().filter(|it| it != "le"));
        }
    }
    families
}

/// A gate where something of everything has happened.
async fn busy() -> Gate {
    let wishes = Wishes { sign_in: "limits: { email: 2/1h }".into(), ..Wishes::default() };
    let gate = Gate::with(wishes).await;
    let mut browser = gate.browser();
    assert_eq!(gate.sign_in(&mut browser, ANN, "/").await.status, 303);
    assert_eq!(browser.get("/me").await.status, 200);
    assert_eq!(browser.get("/admin/x").await.status, 403);
    assert_eq!(browser.get("/public/x").await.status, 200);
    assert_eq!(gate.browser().get("/me").await.status, 303);
    for _ in 0..3 {
        gate.ask(&mut gate.browser(), "bob@partner.example", "/").await;
    }
    assert_eq!(raw(gate.address, b"nonsense\r\n\r\n").await.status, 400);
    gate.edit("allow: [\"@example.com\"", "allow: [\"example\"");
    eventually("refused", async || {
        let text = metrics(&gate).await;
        (value(&text, "linkgate_reloads_total{result=\"refused\"}") > 0.0).then_some(())
    })
    .await;
    gate
}

#[tokio::test]
async fn what_happens_is_counted() {
    let gate = busy().await;
    let text = eventually("the mails are counted", async || {
        let text = metrics(&gate).await;
        (value(&text, "linkgate_mails_total{state=\"accepted\"}") >= 3.0).then_some(text)
    })
    .await;
    for (series, expected) in [
        ("linkgate_requests_total{outcome=\"passed\",rule=\"allow\",site=\"app\"}", 1.0),
        ("linkgate_requests_total{outcome=\"passed\",rule=\"rules[0]\",site=\"app\"}", 1.0),
        ("linkgate_requests_total{outcome=\"forbidden\",rule=\"rules[1]\",site=\"app\"}", 1.0),
        ("linkgate_requests_total{outcome=\"challenged\",rule=\"allow\",site=\"app\"}", 1.0),
        ("linkgate_responses_total{class=\"2xx\",site=\"app\"}", 2.0),
        ("linkgate_request_duration_seconds_count{outcome=\"passed\"}", 2.0),
        ("linkgate_decision_duration_seconds_count", 4.0),
        ("linkgate_sign_ins_total{site=\"app\",way=\"own_browser\"}", 1.0),
        ("linkgate_sign_in_duration_seconds_count{way=\"own_browser\"}", 1.0),
        ("linkgate_mails_total{state=\"asked\"}", 3.0),
        ("linkgate_mails_total{state=\"accepted\"}", 3.0),
        ("linkgate_limits_hit_total{kind=\"mail\"}", 1.0),
        ("linkgate_wire_refusals_total{status=\"400\"}", 1.0),
        ("linkgate_store_calls_total{operation=\"settle\",result=\"ok\"}", 1.0),
        ("linkgate_sessions", 1.0),
        ("linkgate_configuration_last_reload_successful", 0.0),
        ("linkgate_store_up", 1.0),
        ("linkgate_mail_relay_up", 1.0),
    ] {
        assert!(text.contains(series), "{series} is not in\n{text}");
        assert_eq!(value(&text, series).to_bits(), f64::to_bits(expected), "{series}\n{text}");
    }
    assert!(value(&text, "linkgate_copy_reads_total{record=\"session\",result=\"hit\"}") > 0.0);
    assert!(value(&text, "process_resident_memory_bytes") > 1e6);
    for secret in ["ann", "partner", "/me", "127.0.0.1"] {
        assert!(!text.contains(secret), "{secret} is in\n{text}");
    }
}

#[tokio::test]
async fn dashboard_alerts_and_documentation_name_what_is_there() {
    let families = families(&metrics(&busy().await).await);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(root.join(path)).expect("a file");
    let dashboard = queries_of_dashboard(&read("conf/grafana/linkgate.json"));
    let alerts = queries_of_alerts(&read("conf/prometheus/alerts.yaml"));
    assert!(dashboard.len() > 25 && alerts.len() > 10);
    let wrong: Vec<String> =
        dashboard.iter().chain(&alerts).flat_map(|query| unknown(query, &families)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let shown: BTreeSet<_> = dashboard.iter().flat_map(|it| it.uses.keys()).collect();
    let is_shown = |name: &str| shown.iter().any(|shown| family_of(shown, &families) == Some(name));
    for name in families.keys().filter(|name| name.starts_with("linkgate_")) {
        let is_only_a_part = name.as_str() == "linkgate_reload_duration_seconds";
        assert!(is_only_a_part || is_shown(name), "{name} is on no panel");
    }
    let documented = documented(&read("docs/watching.md"));
    assert_eq!(documented, families, "docs/watching.md and /metrics differ");
    // Each alert has its cure.
    let (cures, file) = (read("docs/watching.md"), read("conf/prometheus/alerts.yaml"));
    let names = file.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    names.for_each(|name| assert!(cures.contains(&format!("`{name}`")), "{name}"));
}

/// What a query names that is not there.
fn unknown(query: &Query, families: &BTreeMap<String, Family>) -> Vec<String> {
    // Those that Prometheus adds to each series.
    const OF_PROMETHEUS: [&str; 2] = ["job", "instance"];
    let mut wrong = Vec::new();
    for (name, labels) in &query.uses {
        let Some(family) = family_of(name, families) else {
            if name != "up" {
                wrong.push(format!("{name} is no metric: {}", query.text));
            }
            continue;
        };
        let has = |label: &String| {
            families[family].labels.contains(label)
                || OF_PROMETHEUS.contains(&label.as_str())
                || label == "le" && name.ends_with("_bucket")
        };
        for label in labels.iter().filter(|label| !has(label)) {
            wrong.push(format!("{name} has no label {label}: {}", query.text));
        }
    }
    wrong
}

/// The family of a name in a query: a histogram has three.
fn family_of<'a>(name: &str, families: &'a BTreeMap<String, Family>) -> Option<&'a str> {
    let of_histogram = ["_bucket", "_sum", "_count"];
    let stem = of_histogram.iter().find_map(|end| name.strip_suffix(end));
    let histogram = stem.and_then(|stem| families.get_key_value(stem));
    let histogram = histogram.filter(|(_, family)| family.kind == "histogram");
    let plain = families.get_key_value(name).filter(|(_, family)| family.kind != "histogram");
    histogram.or(plain).map(|(name, _)| name.as_str())
}

/// The table of the documentation.
fn documented(text: &str) -> BTreeMap<String, Family> {
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, kind, labels, _] = cells[..] else { return None };
        let name = name.strip_prefix('`')?.strip_suffix('`')?;
        let labels = labels.split_whitespace().map(|label| label.trim_matches('`').to_owned());
        Some((name.to_owned(), Family { kind: kind.to_owned(), labels: labels.collect() }))
    });
    rows.collect()
}

#[test]
fn a_query_for_what_is_not_there_would_be_found() {
    let text = "# TYPE a_total counter\na_total{site=\"x\"} 1\n# TYPE b_seconds histogram\n\
                b_seconds_bucket{le=\"1\"} 1\nb_seconds_sum 1\nb_seconds_count 1\n";
    let families = families(text);
    for (query, wrong) in [
        ("rate(a_total{site=\"x\"}[5m])", 0),
        ("sum by (job) (a_total)", 0),
        ("histogram_quantile(0.5, sum by (le) (rate(b_seconds_bucket[5m])))", 0),
        ("rate(a_total{sight=\"x\"}[5m])", 1),
        ("sum by (rule) (a_total)", 1),
        ("a_totals", 1),
        ("b_seconds", 1),
        ("a_total_bucket + b_seconds_count{le=\"1\"}", 2),
    ] {
        assert_eq!(unknown(&Query::of(query), &families).len(), wrong, "{query}");
    }
}

#[tokio::test]
async fn with_a_token_nobody_reads_without_it() {
    let token = "0123456789abcdef0123456789abcdef";
    let environment = vec![("ADMIN_TOKEN".to_owned(), token.to_owned())];
    let wish = ", token: { env: ADMIN_TOKEN }".to_owned();
    let gate = Gate::with(Wishes { admin: wish, environment, ..Wishes::default() }).await;
    assert_eq!(admin(&gate, "/metrics", "").await.status, 401);
    assert_eq!(admin(&gate, "/metrics", "Authorization: Bearer x\r\n").await.status, 401);
    let right = format!("Authorization: Bearer {token}\r\n");
    assert_eq!(admin(&gate, "/metrics", &right).await.status, 200);
    assert_eq!(admin(&gate, "/healthz", "").await.status, 200, "a probe has no token");
    let refused = eventually("it is noted", async || {
        let told = gate.operator(&["audit", "--event", "admin_refused", "--json"]).done();
        (!told.is_empty()).then_some(told)
    })
    .await;
    let event: serde_json::Value = serde_json::from_str(refused.trim()).expect("one event");
    assert!(event["detail"]["why"].as_str().is_some_and(|it| it.starts_with("/metrics: ")));
    assert_eq!(event["client"], "127.0.0.0/24", "{event}");
}

#[tokio::test]
async fn without_a_token_no_website_reads_them_by_another_name() {
    let gate = Gate::start().await;
    let head = "GET /metrics HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    assert_eq!(raw(gate.admin, head.as_bytes()).await.status, 403);
    assert_eq!(admin(&gate, "/metrics", "").await.status, 200);
}
