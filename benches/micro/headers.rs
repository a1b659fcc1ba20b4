//! What finding and cutting our cookies costs, and judging each header of a request.

use std::hint::black_box;

use bytes::BytesMut;
use criterion::Criterion;
use linkgate::domain::disclosure::Disclosure;
use linkgate::portal::cookies::{find, without_ours};
use linkgate::proxy::headers::fate;

const NAME: &str = "__Host-linkgate-session";
const COOKIES: &[u8] = b"theme=dark; \
    __Host-linkgate-session=AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQFwTmX1fQ3Gm3cAkqf0dzUz; \
    _ga=GA1.1.1043279842.1700000000; csrftoken=0123456789abcdef";
const NAMES: [&str; 14] = [
    "host",
    "connection",
    "sec-ch-ua",
    "sec-ch-ua-mobile",
    "upgrade-insecure-requests",
    "user-agent",
    "accept",
    "sec-fetch-site",
    "sec-fetch-mode",
    "sec-fetch-dest",
    "referer",
    "accept-encoding",
    "accept-language",
    "cookie",
];

/// The session cookie among four, the others without it, the names of a browser's request.
pub fn all(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("headers");
    group.bench_function("find cookie", |bencher| {
        bencher.iter(|| find([black_box(COOKIES)], NAME));
    });
    group.bench_function("cut cookies", |bencher| {
        let mut rest = BytesMut::new();
        bencher.iter(|| {
            rest.clear();
            without_ours([black_box(COOKIES)], &mut rest);
            black_box(rest.len())
        });
    });
    let own = &Disclosure::default();
    let own = own.managed();
    group.bench_function("fate of a request's headers", |bencher| {
        bencher.iter(|| NAMES.map(|name| fate(black_box(name), own)));
    });
    group.finish();
}
