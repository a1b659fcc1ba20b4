//! What judging one request head costs: it is paid for each HTTP/1 request.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use linkgate::proxy::wire::{WireLimits, check_head};

const BROWSER: &str = "GET /dashboard?tab=1&q=%C3%BC HTTP/1.1\r\n\
    Host: app.example.com\r\n\
    Connection: keep-alive\r\n\
    sec-ch-ua: \"Chromium\";v=\"156\", \"Not=A?Brand\";v=\"24\"\r\n\
    sec-ch-ua-mobile: ?0\r\n\
    Upgrade-Insecure-Requests: 1\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: de-DE,de;q=0.9\r\n\
    Cookie: __Host-linkgate-session=0123456789; theme=dark\r\n\
    \r\n";

const CURL: &str = "GET / HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: curl/8.5.0\r\n\
    Accept: */*\r\n\r\n";

/// A browser's head and a short one.
pub fn all(criterion: &mut Criterion) {
    let limits = WireLimits::default();
    let mut group = criterion.benchmark_group("check_head");
    for (name, head) in [("browser", BROWSER), ("curl", CURL)] {
        group.throughput(Throughput::Bytes(head.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| check_head(black_box(head.as_bytes()), &limits));
        });
    }
    group.finish();
}
