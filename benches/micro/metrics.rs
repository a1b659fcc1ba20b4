//! What it costs to count a signed-in request: no more than some atomic additions and looks at the clock.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use criterion::Criterion;
use linkgate::domain::outcome::Outcome;
use linkgate::domain::policy::SiteId;
use linkgate::metrics::{Counted, KeptRecord, Meters, Metrics};

/// All that one request counts, alone and while another thread counts the same.
pub fn all(criterion: &mut Criterion) {
    let metrics = Arc::new(Metrics::default());
    let meters = Arc::new(Meters::new(Arc::clone(&metrics), [("wiki", 3), ("app", 3)]));
    let mut group = criterion.benchmark_group("metrics");
    group.bench_function("a request", |bencher| bencher.iter(|| count(&metrics, &meters)));
    let is_over = Arc::new(AtomicBool::new(false));
    let (other, over) = ((Arc::clone(&metrics), Arc::clone(&meters)), Arc::clone(&is_over));
    let counting = std::thread::spawn(move || {
        while !over.load(Ordering::Relaxed) {
            count(&other.0, &other.1);
        }
    });
    group.bench_function("a request, beside another thread", |bencher| {
        bencher.iter(|| count(&metrics, &meters));
    });
    is_over.store(true, Ordering::Relaxed);
    counting.join().expect("it ends");
    group.bench_function("of that the clock", |bencher| {
        bencher.iter(|| {
            let began = Instant::now();
            (began.elapsed(), began.elapsed())
        });
    });
    group.finish();
}

fn count(metrics: &Metrics, meters: &Meters) -> Duration {
    let began = Instant::now();
    metrics.looked_up(KeptRecord::Session, true);
    metrics.looked_up(KeptRecord::Account, true);
    meters.decided(began.elapsed());
    let took = began.elapsed();
    meters.count(Counted {
        site: Some(SiteId(black_box(1))),
        rule: Some(black_box("rules[2]")),
        outcome: Outcome::Passed,
        status: 200,
        sent: 1024,
        took,
    });
    took
}
