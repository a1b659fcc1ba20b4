//! Where traces go, if they go anywhere.

use crate::config::file::{Map, TracesFile};
use crate::config::located::{Located, Text};
use crate::config::problem::Fault;
use crate::config::scope::{Scope, line, word};
use crate::config::settings::{TraceEndpoint, TracesConfig};
use crate::domain::origin::Authority;
use crate::domain::path::RequestTarget;
use crate::domain::trace::{Sample, SampledBefore};

const HINT: &str = "write it like `http://127.0.0.1:4318`";
/// Of each request, what a busy site can spare.
const SAMPLE: f64 = 0.01;
/// What collectors listen at for OTLP over HTTP.
const PORT: u16 = 4318;

/// `traces`
pub(super) fn traces(root: &Scope<'_>, file: Option<&Map<TracesFile>>) -> Option<TracesConfig> {
    let Located { value: file, at } = file?;
    let scope = root.key("traces", *at);
    let part = file.sample.as_ref().map_or(Sample::new(SAMPLE), |text| {
        scope.key("sample", text.at).value(&text.value, sample)
    });
    const BEFORE: &[(&str, SampledBefore)] =
        &[("limited", SampledBefore::Limited), ("always", SampledBefore::Always)];
    let before = file.sampled_before.as_ref();
    let sampled_before = scope.or("sampled_before", before, SampledBefore::default(), word(BEFORE));
    let service_name =
        scope.or("service_name", file.service_name.as_ref(), "linkgate".to_owned(), line(80));
    let Some(text) = &file.endpoint else {
        scope.missing("endpoint", HINT);
        return None;
    };
    let endpoint = endpoint(&scope.key("endpoint", text.at), text)?;
    Some(TracesConfig { endpoint, sample: part?, sampled_before, service_name })
}

fn sample(text: &str) -> Result<Sample, Fault> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let part = is_plain.then(|| text.parse().ok().and_then(Sample::new)).flatten();
    part.ok_or_else(|| Fault::new("must be a part from 0 to 1").hint("write it like `0.01`"))
}

fn endpoint(scope: &Scope<'_>, text: &Text) -> Option<TraceEndpoint> {
    if text.value.contains('@') {
        // Not repeated: a password may stand there.
        let fault = Fault::new("must not hold a login");
        scope.report(fault.hint("let a collector on this machine pass traces on with the login"));
        return None;
    }
    scope.value(&text.value, url)
}

fn url(text: &str) -> Result<TraceEndpoint, Fault> {
    let (tls, rest) = match text.split_once("://") {
        Some(("http", rest)) => (false, rest),
        Some(("https", rest)) => (true, rest),
        _ => return Err(Fault::new("must begin with http:// or https://").hint(HINT)),
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let authority =
        Authority::parse(authority).map_err(|error| Fault::new(error.to_string()).hint(HINT))?;
    let path = match path {
        "" | "/" => "/v1/traces",
        path => path,
    };
    RequestTarget::parse(path.as_bytes())
        .map_err(|error| Fault::new(error.to_string()).hint(HINT))?;
    let port = authority.port.unwrap_or(PORT);
    Ok(TraceEndpoint { tls, host: authority.host, port, path: path.to_owned() })
}
