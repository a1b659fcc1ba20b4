//! Sign-ins by the use cases alone, for `benches/load/all`: a mail is asked for, claimed and done with, its
//! link is opened. No HTTP, and no mail is written.
//!
//! `issue-verify REDIS PREFIX CLIENTS SECONDS`
//!
//! It asks the store for what a sign-in in `storm` asks it for, over two handles as linkgate does. How many
//! mails are claimed and how many events are written together depends on how fast it goes, so it is held
//! against a floor of its own calls. Prints one JSON object.

use std::collections::HashMap;
use std::error::Error;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use linkgate::adapters::argon2::Argon2Passwords;
use linkgate::adapters::redis::{Keeping, RedisOptions, RedisStore};
use linkgate::domain::account::Account;
use linkgate::domain::client::ClientAddress;
use linkgate::domain::delivery::{DeliveryState, News, Reference, RelayWords};
use linkgate::domain::email::EmailAddress;
use linkgate::domain::event::{Actor, MailNews, Tracing, What};
use linkgate::domain::language::Language;
use linkgate::domain::limit::CountedAlone;
use linkgate::domain::origin::Origin;
use linkgate::domain::secret::{Birth, Secret};
use linkgate::domain::session::Lifetimes;
use linkgate::domain::terms::{Mode, OtherBrowser, Registration, SignInTerms};
use linkgate::domain::token::{Link, Token};
use linkgate::gate::ask::Asker;
use linkgate::gate::journal::{Journal, Trail, Writer, Written};
use linkgate::gate::redeem::{Caller, Opened};
use linkgate::gate::{Gate, Place};
use linkgate::ports::{
    Audit, ClaimedMail, Clock, Entropy, OsEntropy, Outbox, Owner, SystemClock, Upkeep, draw,
};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

const LABEL: &str = "Firefox on Linux";
/// Longer than any honest answer.
const PATIENCE: Duration = Duration::from_secs(20);
const HOUR: Duration = Duration::from_secs(3600);
/// As many as the mailer of `storm` takes at once, and as long as the courier claims them.
const MAILS: usize = 64;
const LEASE: Duration = Duration::from_secs(60);
type Failed = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, prefix, clients, seconds] = arguments.as_slice() else {
        return Err("issue-verify REDIS PREFIX CLIENTS SECONDS".into());
    };
    let (clients, lasts) = (clients.parse()?, Duration::from_secs_f64(seconds.parse()?));
    // One thread, as the linkgate that is measured beside it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let told = runtime.block_on(async {
        let desk = Arc::new(Desk::open(url, prefix).await?);
        signed_in(&desk, clients, lasts).await
    })?;
    #[expect(clippy::print_stdout, reason = "its result")]
    {
        println!("{told}");
    }
    Ok(())
}

/// All clients, until the time is over. What is not finished then is finished, mails and events included, and
/// counts in the time that it took.
async fn signed_in(
    desk: &Arc<Desk>,
    clients: usize,
    lasts: Duration,
) -> Result<serde_json::Value, Failed> {
    let (ends, ending) = watch::channel(false);
    let delivering = tokio::spawn(Arc::clone(desk).deliver(ending));
    let (began, run) = (Instant::now(), std::process::id());
    let mut all = JoinSet::new();
    for number in 0..clients {
        let desk = Arc::clone(desk);
        all.spawn(async move {
            let mut count = 0u32;
            while began.elapsed() < lasts {
                let address = format!("p{number}-{run}-{count}@example.com");
                tokio::time::timeout(PATIENCE, desk.sign_in(&address)).await??;
                count += 1;
            }
            Ok::<_, Failed>(count)
        });
    }
    let mut count = 0;
    while let Some(done) = all.join_next().await {
        count += done??;
    }
    ends.send_replace(true);
    delivering.await??;
    let written = desk.journal.close(PATIENCE).await;
    if written != Written::All {
        return Err(format!("not all events were written: {written:?}").into());
    }
    let seconds = began.elapsed().as_secs_f64();
    Ok(serde_json::json!({
        "count": count, "seconds": seconds, "a_second": f64::from(count) / seconds,
    }))
}

/// What all clients share.
struct Desk {
    gate: Gate,
    journal: Journal,
    /// A handle of its own, without copies, for what works beside the proxy.
    aside: Arc<RedisStore>,
    terms: SignInTerms,
    origin: Origin,
    client: ClientAddress,
    waiting: Mutex<HashMap<String, oneshot::Sender<String>>>,
}

impl Desk {
    /// As linkgate does it: one handle that keeps copies and hears of changes, one for mails and the record.
    async fn open(url: &str, prefix: &str) -> Result<Self, Failed> {
        let secret = Secret::new(b"the secret of a load run, 32 bytes or more")?;
        let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
        let keeping =
            Keeping { most: 100_000, bound: Duration::from_secs(2), grace: Duration::ZERO };
        let handle = |keeping| {
            RedisStore::new(url, prefix, RedisOptions { keeping, ..RedisOptions::default() })
        };
        let (front, aside) = (Arc::new(handle(Some(keeping))?), Arc::new(handle(None)?));
        let Owner::Ours(birth) = aside.adopt(secret.mark(), Birth(draw(&entropy))).await? else {
            return Err("the store is not that of this secret".into());
        };
        front.confirmed(secret.mark(), birth);
        aside.confirmed(secret.mark(), birth);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let journal =
            Journal::new(Arc::clone(&clock), Arc::clone(&entropy), &secret, Tracing::default());
        let audit: Arc<dyn Audit> = aside.clone();
        tokio::spawn(Writer::new(&journal, audit, Vec::new()).run());
        let passwords = Arc::new(Argon2Passwords::new(&secret, Arc::clone(&entropy)));
        let gate = Gate::new(front, clock, entropy, passwords, &secret, "/.linkgate");
        Ok(Self {
            gate: gate.recording(journal.clone()),
            journal,
            aside,
            terms: terms()?,
            origin: Origin::parse("https://app.example.com")?,
            client: ClientAddress::from(IpAddr::from([192, 0, 2, 1])),
            waiting: Mutex::default(),
        })
    }

    async fn sign_in(&self, address: &str) -> Result<(), Failed> {
        let email = EmailAddress::parse(address)?;
        let letter = self.expect(&email);
        let admits = |email: &EmailAddress, _: Option<&Account>| Some(email.clone());
        let place = Place {
            site: "app",
            origin: &self.origin,
            has_links: true,
            realm: "https://app.example.com",
            terms: &self.terms,
            admits: &admits,
        };
        let asker = Asker {
            client: self.client,
            browser_label: LABEL.into(),
            language: Language::English,
            browser: None,
            device: None,
        };
        let asked = self.gate().request_link(place, asker, &email, "/").await?;
        let link = letter.await?;
        let text = link.rsplit('/').next().unwrap_or_default();
        let link = Token::<Link>::parse(&self.gate.keys().token, text)?;
        let caller = Caller {
            browser: Some(&asked.browser),
            session: None,
            device: None,
            browser_label: LABEL,
            client: &self.client,
        };
        match self.gate().open_link(place, &link, caller).await? {
            Opened::SignedIn(_) => Ok(()),
            other => Err(format!("the link made no session: {other:?}").into()),
        }
    }

    /// For one request: events say from where it came, and have its reference.
    fn gate(&self) -> Gate {
        let reference: [u8; 8] = draw(&(Arc::new(OsEntropy) as Arc<dyn Entropy>));
        let reference = format!("{:016x}", u64::from_le_bytes(reference));
        self.gate.with(Trail {
            site: Some("app".into()),
            client: Some(self.client),
            request: Some(reference.into()),
            by: Actor::Visitor,
        })
    }

    fn expect(&self, email: &EmailAddress) -> oneshot::Receiver<String> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.insert(email.identity().to_owned(), sender);
        receiver
    }

    /// The courier's part: claims what waits, and is done with each when its link is handed over.
    async fn deliver(self: Arc<Self>, mut ending: watch::Receiver<bool>) -> Result<(), Failed> {
        let (rings, mut handing) = (self.gate.mail_waits(), JoinSet::new());
        while !*ending.borrow() {
            let claimed = self.aside.claim(MAILS, LEASE, self.gate.now()).await?;
            if claimed.is_empty() {
                tokio::select! {
                    () = rings.notified() => {}
                    changed = ending.changed() => changed?,
                }
            }
            for mail in claimed {
                handing.spawn(Arc::clone(&self).hand_over(mail));
            }
            while let Some(handed) = handing.try_join_next() {
                handed??;
            }
        }
        while let Some(handed) = handing.join_next().await {
            handed??;
        }
        Ok(())
    }

    async fn hand_over(self: Arc<Self>, mail: ClaimedMail) -> Result<(), Failed> {
        let job = self.gate.keys().mail.open(mail.id, &mail.sealed)?;
        let waiting =
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(job.to.identity());
        if let Some(waiting) = waiting {
            let _ = waiting.send(job.link.clone());
        }
        // As the courier notes it of a mail that a relay has taken.
        let (now, tries, id) = (self.gate.now(), mail.claims, mail.id.to_hex());
        let words = format!("250 2.0.0 Ok: queued as {id}");
        let said = MailNews {
            mail: id.as_str().into(),
            tries: Some(tries),
            after_ms: Some(0),
            words: Some(words.as_str().into()),
        };
        let trail = Trail { site: Some("app".into()), ..Trail::of(Actor::System) };
        self.journal.note(&trail, Some(&job.to), What::MailAccepted(said));
        let (words, reference) = (RelayWords::new(&words), Reference::new(&id));
        let news = News { tries, words, reference, ..News::new(DeliveryState::Accepted, now) };
        Ok(self.aside.done(mail.id, &news, now).await?)
    }
}

/// Limits that are counted and never reached.
fn terms() -> Result<SignInTerms, Failed> {
    let often = || "1000000000/1h".parse();
    Ok(SignInTerms {
        enabled: true,
        mode: Mode::Passwordless,
        registration: Registration::Closed,
        asks_name: false,
        link_lifetime: HOUR,
        other_browser: OtherBrowser::Address,
        email_limit: often()?,
        client_limit: often()?,
        network_limit: often()?,
        site_limit: often()?,
        total_limit: often()?,
        alone: CountedAlone::default(),
        new_device_notice: false,
        used_link_retention: 30 * 24 * HOUR,
        mail_history: 7 * 24 * HOUR,
        session: Lifetimes { idle: 12 * HOUR, absolute: 7 * 24 * HOUR },
    })
}
