//! What it costs to find a session in the embedded store, among ten thousand.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Bencher, Criterion};
use linkgate::adapters::argon2::Argon2Passwords;
use linkgate::adapters::clock::StoreClock;
use linkgate::adapters::embedded::Embedded;
use linkgate::domain::attempt::{Attempt, State};
use linkgate::domain::code::{Code, CodeKey};
use linkgate::domain::delivery::{MailFacts, Occasion};
use linkgate::domain::email::EmailAddress;
use linkgate::domain::language::Language;
use linkgate::domain::limit::PersonKey;
use linkgate::domain::secret::Secret;
use linkgate::domain::session::{Session, Surroundings};
use linkgate::domain::time::UnixMillis;
use linkgate::domain::token::{self, Token, TokenDigest};
use linkgate::gate::Gate;
use linkgate::ports::{
    AccountStep, Beginning, Clock, MailId, NewSession, OsEntropy, QueuedMail, Settlement, Store,
    SystemClock,
};
use tokio::runtime::Runtime;

const REALM: &str = "https://wiki.example.com";
const DAY: Duration = Duration::from_secs(86_400);
/// Sessions beside the one that is asked for.
const OTHERS: u32 = 10_000;

/// The store alone, in memory and on disk, and the whole of `Gate::authenticate`.
pub fn all(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let stores = [("memory", Embedded::in_memory()), ("disk", Embedded::open(folder.path()))];
    let mut group = criterion.benchmark_group("session");
    for (name, store) in stores {
        let world = World::new(store.expect("a store"), &runtime);
        group
            .bench_function(format!("{name}: look up"), |bencher| world.look_up(bencher, &runtime));
        group.bench_function(format!("{name}: authenticate"), |bencher| {
            world.authenticate(bencher, &runtime);
        });
    }
    group.finish();
}

struct World {
    store: Arc<dyn Store>,
    gate: Gate,
    token: Token<token::Session>,
}

impl World {
    fn new(store: Embedded, runtime: &Runtime) -> Self {
        let store: Arc<dyn Store> = Arc::new(store);
        let secret = Secret::new(&[7; 32]).expect("a secret");
        let clock = Arc::new(StoreClock::new(SystemClock));
        let passwords = Arc::new(Argon2Passwords::new(&secret, Arc::new(OsEntropy)));
        let entropy = Arc::new(OsEntropy);
        let gate = Gate::new(Arc::clone(&store), clock, entropy, passwords, &secret, "/.linkgate");
        let token = Token::mint(&gate.keys().token, [1; 32]);
        runtime.block_on(async {
            signed_in(&*store, 0, token.digest()).await;
            // Many at once: the writer commits together what waits together.
            let others = (1..=OTHERS).map(|number| {
                let store = Arc::clone(&store);
                let digest = TokenDigest::from_bytes(numbered(number));
                runtime.spawn(async move { signed_in(&*store, number, digest).await })
            });
            for other in others.collect::<Vec<_>>() {
                other.await.expect("a session");
            }
        });
        Self { store, gate, token }
    }

    fn look_up(&self, bencher: &mut Bencher<'_>, runtime: &Runtime) {
        let digest = self.token.digest();
        bencher.to_async(runtime).iter(|| self.store.session(black_box(digest)));
    }

    fn authenticate(&self, bencher: &mut Bencher<'_>, runtime: &Runtime) {
        bencher
            .to_async(runtime)
            .iter(|| self.gate.authenticate(black_box(&self.token).digest(), REALM, DAY));
    }
}

fn mail(number: u32, person: PersonKey, to: &EmailAddress, now: UnixMillis) -> QueuedMail {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    QueuedMail {
        id: MailId(id),
        sealed: vec![0; 64],
        expires_at: now.after(DAY),
        person,
        to: to.clone(),
        facts: MailFacts {
            site: "wiki".into(),
            occasion: Occasion::SignIn,
            language: Language::English,
            queued_at: now,
        },
        keep_until: now.after(DAY * 7),
    }
}

/// Makes a session the only way there is: an attempt that is settled.
async fn signed_in(store: &dyn Store, number: u32, digest: TokenDigest<token::Session>) {
    let now = SystemClock.now();
    let key = CodeKey::new(&Secret::new(&[1; 32]).expect("a secret"));
    let (link, person) = (TokenDigest::from_bytes(numbered(number)), PersonKey(numbered(number)));
    let email = EmailAddress::parse(&format!("ann{number}@example.com")).expect("an address");
    let attempt = Attempt {
        email: email.clone(),
        site: "wiki".into(),
        origin: REALM.into(),
        return_url: "/".into(),
        browser: TokenDigest::from_bytes(numbered(number)),
        code: key.mac(link, &Code::mint([3; 16])),
        asked_at: now,
        expires_at: now.after(DAY),
        mails: 1,
        browser_label: "Firefox on Linux".into(),
        network: "192.0.2.1".into(),
        language: Language::English,
        stranger: false,
        chooses_password: false,
        admitted: true,
    };
    let mail = mail(number, person, &email, now);
    let keep_until = now.after(DAY);
    let (attempt, mail) = (&attempt, &mail);
    let beginning =
        Beginning { link, attempt, person, mail: Some(mail), keep_until, replaces: true, now };
    store.begin(&beginning).await.expect("an attempt");
    let session = Session {
        surroundings: Surroundings::new(REALM, "Firefox on Linux"),
        email,
        signed_in_at: now,
        last_seen: now,
        expires_at: now.after(DAY * 7),
        network: "192.0.2.0/24".parse().expect("a network"),
    };
    let settlement = Settlement {
        from: State::Live,
        to: State::Used { session: digest, at: now },
        session: Some(NewSession {
            digest,
            session: &session,
            person,
            replaces: None,
            account: AccountStep::Kept,
        }),
        mail: None,
        keep_until,
        now,
    };
    store.settle(link, &settlement).await.expect("a session");
}

/// 32 bytes that look like a digest: spread over the whole table.
fn numbered(number: u32) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (place, byte) in (1u32..).zip(&mut bytes) {
        *byte = number.wrapping_mul(2_654_435_761).wrapping_mul(place).to_be_bytes()[0];
    }
    bytes[28..].copy_from_slice(&number.to_be_bytes());
    bytes
}
