//! What the parts of a request cost. `cargo bench`, or one of them: `cargo bench -- session`.
//!
//! One program, because each program of its own is linked for minutes. What a whole request costs,
//! and against what, says `benches/load`.
#![allow(clippy::expect_used)] // What cannot be set up must not look as if it was measured.

mod micro {
    pub mod decide;
    pub mod headers;
    pub mod identity;
    pub mod many;
    pub mod metrics;
    pub mod session;
    pub mod token;
    pub mod wire;
}

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

criterion_group! {
    name = parts;
    config = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = micro::decide::all, micro::token::all, micro::session::all, micro::headers::all,
        micro::wire::all, micro::identity::all, micro::many::all,
        micro::metrics::all
}
criterion_main!(parts);
