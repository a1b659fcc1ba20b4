//! Fills a store with sessions for `benches/load/all`, and prints their tokens, one a line.
//!
//! `fill-sessions STORE SECRET REALM COUNT SEEN`
//!
//! * `STORE`: a folder for the embedded store, or a URL that begins with `redis`.
//! * `SECRET`: the file with the secret of the linkgate that will serve them.
//! * `REALM`: the origin of its site.
//! * `SEEN`: when the sessions were last seen, in seconds from now. What lies ahead is never moved
//!   forward, so that a look-up can be measured without the write that follows it once a minute.
//!
//! Each is made the only way there is: an attempt that is settled. So each leaves what a sign-in
//! leaves, the mark of its used link, too. Each is another person's, because a signed-in request
//! looks for the account as well.

use std::error::Error;
use std::io::{BufWriter, Write};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use linkgate::adapters::embedded::Embedded;
use linkgate::adapters::redis::{RedisOptions, RedisStore};
use linkgate::domain::attempt::{Attempt, State};
use linkgate::domain::client::ClientAddress;
use linkgate::domain::code::{Code, CodeKey};
use linkgate::domain::email::EmailAddress;
use linkgate::domain::language::Language;
use linkgate::domain::limit::SubjectKey;
use linkgate::domain::secret::{Birth, Secret};
use linkgate::domain::session::{Session, Surroundings};
use linkgate::domain::time::UnixMillis;
use linkgate::domain::token::{self, Token, TokenDigest, TokenKey};
use linkgate::ports::{
    AccountStep, Beginning, Clock, Entropy, NewSession, OsEntropy, Owner, Settled, Settlement,
    Store, SystemClock, draw,
};
use tokio::runtime::Runtime;

/// Sign-ins at the same time: as many as the embedded store commits together, and again as many
/// that wait meanwhile.
const AT_ONCE: u32 = 512;
const DAY: Duration = Duration::from_secs(86_400);

type Failed = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [place, secret, realm, count, seen] = arguments.as_slice() else {
        return Err("fill-sessions STORE SECRET REALM COUNT SEEN".into());
    };
    let secret = Secret::new(&std::fs::read(secret)?)?;
    let count: u32 = count.parse()?;
    let filler = Filler {
        store: open(place)?,
        tokens: TokenKey::new(&secret),
        codes: CodeKey::new(&secret),
        people: SubjectKey::new(&secret),
        entropy: Arc::new(OsEntropy),
        realm: realm.clone(),
        seen: seen.parse()?,
    };
    Runtime::new()?.block_on(fill(Arc::new(filler), &secret, count))
}

fn open(place: &str) -> Result<Arc<dyn Store>, Failed> {
    Ok(if place.starts_with("redis") {
        Arc::new(RedisStore::new(place, "linkgate", RedisOptions::default())?)
    } else {
        Arc::new(Embedded::open(Path::new(place))?)
    })
}

async fn fill(filler: Arc<Filler>, secret: &Secret, count: u32) -> Result<(), Failed> {
    let birth = Birth(draw(&filler.entropy));
    if !matches!(filler.store.adopt(secret.mark(), birth).await?, Owner::Ours(_)) {
        return Err("the store is not that of this secret".into());
    }
    let workers: Vec<_> = (0..AT_ONCE.min(count))
        .map(|first| tokio::spawn(Arc::clone(&filler).work(first, count)))
        .collect();
    let mut out = BufWriter::new(std::io::stdout().lock());
    for worker in workers {
        for token in worker.await?? {
            writeln!(out, "{token}")?;
        }
    }
    out.flush()?;
    Ok(())
}

struct Filler {
    store: Arc<dyn Store>,
    tokens: TokenKey,
    codes: CodeKey,
    people: SubjectKey,
    entropy: Arc<dyn Entropy>,
    realm: String,
    seen: i64,
}

impl Filler {
    /// Every so many-th session, from the `first` on. Returns their tokens.
    async fn work(self: Arc<Self>, first: u32, count: u32) -> Result<Vec<String>, Failed> {
        let mut tokens = Vec::new();
        let mut number = first;
        while number < count {
            tokens.push(self.sign_in(number).await?);
            number += AT_ONCE;
        }
        Ok(tokens)
    }

    async fn sign_in(&self, number: u32) -> Result<String, Failed> {
        let now = SystemClock.now();
        let email = EmailAddress::parse(&format!("person{number}@example.com"))?;
        let person = self.people.person(email.identity());
        let link = TokenDigest::from_bytes(draw(&self.entropy));
        let attempt = self.attempt(link, &email, now);
        let keep_until = now.after(30 * DAY);
        let beginning = Beginning {
            link,
            attempt: &attempt,
            person,
            mail: None,
            keep_until,
            replaces: false,
            now,
        };
        self.store.begin(&beginning).await?;
        let token = Token::<token::Session>::mint(&self.tokens, draw(&self.entropy));
        let session = self.session(email, now);
        let digest = token.digest();
        let made = NewSession {
            digest,
            session: &session,
            person,
            replaces: None,
            account: AccountStep::Kept,
        };
        let settlement = Settlement {
            from: State::Live,
            to: State::Used { session: digest, at: now },
            session: Some(made),
            mail: None,
            keep_until,
            now,
        };
        match self.store.settle(link, &settlement).await? {
            Settled::Done => Ok(token.reveal().to_string()),
            other => Err(format!("session {number} was not made: {other:?}").into()),
        }
    }

    fn attempt(
        &self,
        link: TokenDigest<token::Link>,
        email: &EmailAddress,
        now: UnixMillis,
    ) -> Attempt {
        Attempt {
            email: email.clone(),
            site: "app".into(),
            origin: self.realm.clone(),
            return_url: "/reports/42?tab=x".into(),
            browser: TokenDigest::from_bytes(draw(&self.entropy)),
            code: self.codes.mac(link, &Code::mint(draw(&self.entropy))),
            asked_at: now,
            expires_at: now.after(Duration::from_secs(600)),
            mails: 1,
            browser_label: "Firefox on Linux".into(),
            network: "192.0.2.0/24".into(),
            language: Language::English,
            stranger: false,
            chooses_password: false,
            admitted: true,
        }
    }

    fn session(&self, email: EmailAddress, now: UnixMillis) -> Session {
        let away = Duration::from_secs(self.seen.unsigned_abs());
        Session {
            email,
            signed_in_at: now,
            last_seen: if self.seen < 0 { now.before(away) } else { now.after(away) },
            expires_at: now.after(7 * DAY),
            surroundings: Surroundings::new(&self.realm, "Firefox on Linux"),
            network: ClientAddress::from(IpAddr::from([192, 0, 2, 1])).neighbourhood(),
        }
    }
}
