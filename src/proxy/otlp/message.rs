//! The messages of `opentelemetry/proto/collector/trace/v1/trace_service.proto`, as far as we fill
//! them. The numbers are those of that file.

use std::time::Duration;

use crate::domain::outcome::Outcome;
use crate::domain::trace::SpanId;
use crate::traces::Finished;

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ExportTraceServiceRequest {
    #[prost(message, repeated, tag = "1")]
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ResourceSpans {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ScopeSpans {
    #[prost(message, optional, tag = "1")]
    scope: Option<Scope>,
    #[prost(message, repeated, tag = "2")]
    spans: Vec<Span>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Scope {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    version: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Span {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    parent_span_id: Vec<u8>,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(enumeration = "Kind", tag = "6")]
    kind: i32,
    #[prost(fixed64, tag = "7")]
    start_time_unix_nano: u64,
    #[prost(fixed64, tag = "8")]
    end_time_unix_nano: u64,
    #[prost(message, repeated, tag = "9")]
    attributes: Vec<KeyValue>,
    #[prost(message, optional, tag = "15")]
    status: Option<Status>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
enum Kind {
    Unspecified = 0,
    Internal = 1,
    Server = 2,
    Client = 3,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Status {
    #[prost(int32, tag = "3")]
    code: i32,
}

/// `STATUS_CODE_ERROR`
const ERROR: Status = Status { code: 2 };

#[derive(Clone, PartialEq, prost::Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct AnyValue {
    #[prost(oneof = "Value", tags = "1, 3")]
    value: Option<Value>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Value {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(int64, tag = "3")]
    Number(i64),
}

/// The message about some requests.
pub(super) fn request(service: &str, finished: &[Box<Finished>]) -> ExportTraceServiceRequest {
    let version = env!("CARGO_PKG_VERSION");
    let attributes = vec![text("service.name", service), text("service.version", version)];
    let scope = Some(Scope { name: "linkgate".to_owned(), version: version.to_owned() });
    let spans = finished.iter().flat_map(|finished| spans(finished)).collect();
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource { attributes }),
            scope_spans: vec![ScopeSpans { scope, spans }],
        }],
    }
}

/// The request, what was decided, what the store was asked, and what the application did.
fn spans(finished: &Finished) -> Vec<Span> {
    let own = finished.trace.span();
    let took = finished.took;
    let is_bad = finished.status >= 500 || finished.status == 0;
    let request = Span {
        parent_span_id: finished.trace.parent().map(parent).unwrap_or_default(),
        attributes: attributes(finished),
        status: is_bad.then_some(ERROR),
        ..span(finished, finished.method, Kind::Server, own, (Duration::ZERO, took))
    };
    let mut spans = vec![request];
    if let Some(decided) = finished.decided {
        let id = own.next(2);
        let times = (Duration::ZERO, decided);
        spans.push(child(own, span(finished, "decision", Kind::Internal, id, times)));
        if finished.outcome == Outcome::Passed {
            let times = (decided, took);
            let id = finished.trace.upstream();
            spans.push(child(own, span(finished, "upstream", Kind::Client, id, times)));
        }
    }
    for (call, number) in finished.trace.noted().iter().zip(3..) {
        let start = call.began.saturating_duration_since(finished.began.1);
        let times = (start, start + call.took);
        let name = format!("store {}", call.name);
        let status = (!call.is_answered).then_some(ERROR);
        let span = span(finished, &name, Kind::Client, own.next(number), times);
        spans.push(child(own, Span { status, ..span }));
    }
    spans
}

fn span(
    finished: &Finished,
    name: &str,
    kind: Kind,
    id: SpanId,
    (start, end): (Duration, Duration),
) -> Span {
    let began = Duration::from_millis(finished.began.0.0);
    let nanos = |at: Duration| u64::try_from((began + at).as_nanos()).unwrap_or(u64::MAX);
    Span {
        trace_id: finished.trace.id().to_bytes().to_vec(),
        span_id: id.to_bytes().to_vec(),
        parent_span_id: Vec::new(),
        name: name.to_owned(),
        kind: kind.into(),
        start_time_unix_nano: nanos(start),
        end_time_unix_nano: nanos(end),
        attributes: Vec::new(),
        status: None,
    }
}

fn child(of: SpanId, span: Span) -> Span {
    Span { parent_span_id: parent(of), ..span }
}

fn parent(id: SpanId) -> Vec<u8> {
    id.to_bytes().to_vec()
}

/// Nothing that a client chose but the method and the status of its answer, and nobody's address.
fn attributes(finished: &Finished) -> Vec<KeyValue> {
    let mut attributes = vec![
        text("http.request.method", finished.method),
        text("linkgate.outcome", finished.outcome.word()),
        text("linkgate.request_id", &finished.reference),
    ];
    attributes.extend(finished.site.as_ref().map(|site| text("linkgate.site", site)));
    attributes.extend(finished.rule.as_ref().map(|rule| text("linkgate.rule", rule)));
    if finished.status > 0 {
        let value = Some(AnyValue { value: Some(Value::Number(finished.status.into())) });
        attributes.push(KeyValue { key: "http.response.status_code".to_owned(), value });
    }
    attributes
}

fn text(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::Text(value.to_owned())) });
    KeyValue { key: key.to_owned(), value }
}
