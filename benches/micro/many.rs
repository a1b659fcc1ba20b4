//! What many rules and many sites cost: each number beside that for few.

use std::fmt::Write;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::Criterion;
use linkgate::adapters::argon2::Argon2Passwords;
use linkgate::adapters::clock::StoreClock;
use linkgate::adapters::embedded::Embedded;
use linkgate::adapters::yielding::Pace;
use linkgate::cli::foundation::{Foundation, sites};
use linkgate::config::{Config, SystemEnvironment};
use linkgate::domain::origin::Host;
use linkgate::domain::path::RequestTarget;
use linkgate::domain::policy::{
    Access, AllowEntry, Asked, Rule, SiteId, SitePolicy, UpstreamId, Visitor,
};
use linkgate::domain::secret::Secret;
use linkgate::domain::site::Sites;
use linkgate::domain::time::UnixMillis;
use linkgate::gate::Gate;
use linkgate::portal::assertion::SigningKeys;
use linkgate::ports::{KeyRosters, OsEntropy, Store, SystemClock};

const SIZES: [usize; 3] = [1, 10, 10_000];

/// Rules that differ in the first name, deep down behind stars, and in the host; sites with and
/// without a star; reading a configuration and building all that it says.
pub fn all(criterion: &mut Criterion) {
    rules(criterion);
    routing(criterion);
    building(criterion);
}

fn rules(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rules");
    for (kind, make) in [("names", by_name as Make), ("deep", deep_down), ("hosts", by_host)] {
        for size in SIZES {
            let rules: Vec<Rule> = (0..size).map(make).collect();
            let policy = policy(rules);
            let last = size - 1;
            let host = Host::parse(&format!("t{last}.example.com")).expect("a host");
            for (which, text) in [
                ("last", format!("/api/x/area{last}/settings")),
                ("none", "/reports/42/today".to_owned()),
            ] {
                let path = if kind == "names" { text.replacen("/api/x", "", 1) } else { text };
                let target = RequestTarget::parse(path.as_bytes()).expect("a target");
                group.bench_function(format!("{kind} {size}, {which}"), |bencher| {
                    bencher.iter(|| {
                        policy.decide(Asked {
                            host: &host,
                            method: "GET",
                            target: black_box(&target),
                            client: None,
                            visitor: Visitor::Nobody,
                            now: UnixMillis(0),
                        })
                    });
                });
            }
        }
    }
    group.finish();
}

type Make = fn(usize) -> Rule;

fn by_name(number: usize) -> Rule {
    rule(&format!("/area{number}/**"))
}

fn deep_down(number: usize) -> Rule {
    rule(&format!("/api/*/area{number}/**"))
}

fn by_host(number: usize) -> Rule {
    let host = format!("t{number}.example.com").parse().expect("a host");
    Rule { host: Some(host), ..rule("/api/**") }
}

fn rule(path: &str) -> Rule {
    Rule::new(path, path.parse().expect("a pattern"), Access::Public)
}

fn policy(rules: Vec<Rule>) -> SitePolicy {
    let entry: AllowEntry = "@example.com".parse().expect("an entry");
    SitePolicy::new(SiteId(0), "many", UpstreamId(0), rules, [entry].into_iter().collect())
}

fn routing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sites");
    for size in SIZES {
        for (kind, star, asked) in [("exact", "", ""), ("star", "*.", "x.y.")] {
            let sites = many_sites(size, star);
            let authority = format!("{asked}s{}.example.com", size - 1);
            assert!(sites.find(&authority).is_some(), "the last site is there");
            group.bench_function(format!("{kind} {size}"), |bencher| {
                bencher.iter(|| sites.find(black_box(&authority)));
            });
            group.bench_function(format!("{kind} {size}, unknown"), |bencher| {
                bencher.iter(|| sites.find(black_box("a.b.unknown.example.org")));
            });
        }
    }
    group.finish();
}

fn building(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("start");
    group.sample_size(10);
    let foundation = foundation();
    for size in SIZES {
        let text = configuration(size, "");
        let config = parsed(&text);
        group.bench_function(format!("read {size} sites"), |bencher| {
            bencher.iter(|| parsed(black_box(&text)));
        });
        group.bench_function(format!("build {size} sites"), |bencher| {
            bencher.iter(|| foundation.build(black_box(&config)).expect("a server"));
        });
    }
    group.finish();
}

fn foundation() -> Foundation {
    let store: Arc<dyn Store> = Arc::new(Embedded::in_memory().expect("a store"));
    let rosters = Arc::clone(&store) as Arc<dyn KeyRosters>;
    let secret = Secret::new(&[7; 32]).expect("a secret");
    let clock = Arc::new(StoreClock::new(SystemClock));
    let passwords = Arc::new(Argon2Passwords::new(&secret, Arc::new(OsEntropy)));
    let gate = Gate::new(store, clock, Arc::new(OsEntropy), passwords, &secret, "/.linkgate");
    Foundation {
        gate: Arc::new(gate),
        signing_keys: Arc::new(SigningKeys::new(&secret, rosters)),
        mail_health: Arc::default(),
        metrics: Arc::default(),
        tracer: None,
        pace: Pace::of(1),
    }
}

fn many_sites(count: usize, star: &str) -> Sites {
    sites(&parsed(&configuration(count, star)))
}

fn parsed(text: &str) -> Config {
    let config = Config::parse(text, "many.yaml", Path::new(""), &SystemEnvironment);
    config.expect("a configuration")
}

fn configuration(count: usize, star: &str) -> String {
    let mut text = "listen: [{ address: \"127.0.0.1:0\" }]\nstore: { memory: {} }\n\
                    mail: { from: login@example.com, folder: { path: mails } }\nsites:\n"
        .to_owned();
    for at in 0..count {
        writeln!(
            text,
            "  - {{ name: s{at}, origin: \"https://{star}s{at}.example.com\", \
             upstream: \"http://127.0.0.1:1\", allow: [everyone] }}"
        )
        .expect("a line");
    }
    text
}
