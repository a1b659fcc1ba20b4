//! Traces.

use super::{BASE, parse};
use crate::domain::trace::{Sample, SampledBefore};

fn with(traces: &str) -> String {
    format!("{BASE}traces: {traces}\n")
}

fn problems(traces: &str) -> String {
    parse(&with(traces)).unwrap_err().to_string()
}

#[test]
fn an_endpoint_is_enough() {
    assert!(parse(BASE).unwrap().traces.is_none(), "off unless they are wanted");
    let config = parse(&with("{ endpoint: \"http://127.0.0.1:4318\" }")).unwrap();
    let traces = config.traces.unwrap();
    assert_eq!((traces.sample, &*traces.service_name), (Sample::new(0.01).unwrap(), "linkgate"));
    assert_eq!(traces.sampled_before, SampledBefore::Limited);
    let endpoint = traces.endpoint;
    assert_eq!((endpoint.tls, endpoint.port, &*endpoint.path), (false, 4318, "/v1/traces"));
    let far = "{ endpoint: \"https://otel.example.com/in/v1/traces\", sample: 1 }";
    let endpoint = parse(&with(far)).unwrap().traces.unwrap().endpoint;
    assert_eq!((endpoint.tls, endpoint.port), (true, 4318));
    let own = with("{ endpoint: \"http://127.0.0.1:4318\", sampled_before: always }");
    let before = parse(&own).unwrap().traces.unwrap().sampled_before;
    assert_eq!(before, SampledBefore::Always);
    assert_eq!((endpoint.host.as_str(), &*endpoint.path), ("otel.example.com", "/in/v1/traces"));
}

#[test]
fn mistakes_are_told_with_their_cure() {
    for (traces, told) in [
        ("{ sample: 1 }", "traces.endpoint: is missing"),
        ("{ endpoint: \"127.0.0.1:4318\" }", "must begin with http:// or https://"),
        ("{ endpoint: \"grpc://127.0.0.1:4317\" }", "must begin with http:// or https://"),
        ("{ endpoint: \"http:///x\" }", "has no host name"),
        ("{ endpoint: \"http://a\", sample: 2 }", "must be a part from 0 to 1: `2`"),
        ("{ endpoint: \"http://a\", sample: 1% }", "must be a part from 0 to 1"),
        ("{ endpoint: \"http://a\", sampled_before: yes }", "sampled_before"),
        ("{ endpoint: \"http://a\", sampel: 1 }", "did you mean `sample`?"),
    ] {
        let report = problems(traces);
        assert!(report.contains(told), "{traces}: {report}");
    }
    let report = problems("{ endpoint: \"https://me:hunter2@otel.example.com\" }");
    assert!(report.contains("must not hold a login") && !report.contains("hunter2"), "{report}");
}
