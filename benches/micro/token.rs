//! What a token costs before the store is asked. A forged one must not cost more than a genuine
//! one: the look at it is all that stands before the rate limits.

use std::hint::black_box;

use criterion::Criterion;
use linkgate::domain::secret::Secret;
use linkgate::domain::token::{Link, Session, Token, TokenKey};

/// Reading a genuine and a forged token, and the digest of one.
pub fn all(criterion: &mut Criterion) {
    let secret = Secret::new(&[7; 32]).expect("a secret");
    let key = TokenKey::new(&secret);
    let token = Token::<Session>::mint(&key, [1; 32]);
    let genuine = token.reveal();
    let other_purpose = Token::<Link>::mint(&key, [1; 32]).reveal();
    let mut group = criterion.benchmark_group("token");
    let texts = [
        ("genuine", genuine.as_str()),
        ("forged", other_purpose.as_str()),
        ("short", &genuine[..63]),
    ];
    for (name, text) in texts {
        group.bench_function(name, |bencher| {
            bencher.iter(|| Token::<Session>::parse(&key, black_box(text)));
        });
    }
    group.bench_function("digest", |bencher| bencher.iter(|| black_box(&token).digest()));
    group.finish();
}
