//! The use cases over a store, with a clock that the test moves and randomness from a seed.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use linkgate::adapters::argon2::Argon2Passwords;
use linkgate::adapters::embedded::Embedded;
use linkgate::domain::account::Account;
use linkgate::domain::attempt::Record;
use linkgate::domain::client::ClientAddress;
use linkgate::domain::code::Code;
use linkgate::domain::delivery::{DeliveryState, News};
use linkgate::domain::device::Device;
use linkgate::domain::email::EmailAddress;
use linkgate::domain::language::Language;
use linkgate::domain::limit::{CountedAlone, PersonKey};
use linkgate::domain::origin::Origin;
use linkgate::domain::secret::Secret;
use linkgate::domain::session::Lifetimes;
use linkgate::domain::terms::{Mode, OtherBrowser, Registration, SignInTerms};
use linkgate::domain::time::UnixMillis;
use linkgate::domain::token::{self, Browser, Link, Report, Token};
use linkgate::gate::ask::{AskError, Asked, Asker};
use linkgate::gate::mail_job::MailJob;
use linkgate::gate::redeem::{Caller, CodeRedeemed, LinkAnswer, Opened, Redeemed, SignedIn};
use linkgate::gate::{Gate, Place};
use linkgate::ports::{Clock, Entropy, Passwords, Store};

/// A minute.
pub const MINUTE: Duration = Duration::from_secs(60);
/// An hour.
pub const HOUR: Duration = Duration::from_secs(3600);

/// Where the sessions of these tests count.
const SECRET: [u8; 32] = [7; 32];
const REALM: &str = "https://wiki.example.com";

/// A clock that stands until it is moved.
pub struct FakeClock(AtomicU64);

impl FakeClock {
    pub fn pass(&self, span: Duration) {
        self.0.fetch_add(u64::try_from(span.as_millis()).expect("short"), Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(Ordering::SeqCst))
    }
}

/// Numbers that repeat with the seed and never repeat within a run (`SplitMix64`).
pub struct Seeded(Mutex<u64>);

impl Seeded {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.0.lock().expect("no panic");
        for part in bytes.chunks_mut(8) {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = *state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            part.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes()[..part.len()]);
        }
    }
}

/// Gate, store, clock, and one site.
pub struct World {
    pub gate: Gate,
    pub store: Arc<dyn Store>,
    pub clock: Arc<FakeClock>,
    pub terms: SignInTerms,
    /// Who may sign in; everybody at example.com in the beginning.
    pub off_the_list: Mutex<Vec<String>>,
    origin: Origin,
}

impl World {
    pub fn in_memory() -> Self {
        Self::over(Arc::new(Embedded::in_memory().expect("a store")))
    }

    pub fn over(store: Arc<dyn Store>) -> Self {
        let secret = Secret::new(&SECRET).expect("a secret");
        Self::of(store, Arc::new(Argon2Passwords::new(&secret, Arc::new(Seeded::new(43)))))
    }

    pub fn with_passwords(passwords: Arc<dyn Passwords>) -> Self {
        Self::of(Arc::new(Embedded::in_memory().expect("a store")), passwords)
    }

    fn of(store: Arc<dyn Store>, passwords: Arc<dyn Passwords>) -> Self {
        let clock = Arc::new(FakeClock(AtomicU64::new(1_800_000_000_000)));
        let secret = Secret::new(&SECRET).expect("a secret");
        let gate = Gate::new(
            Arc::clone(&store),
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::new(Seeded::new(42)),
            passwords,
            &secret,
            "/.linkgate",
        );
        let terms = SignInTerms {
            enabled: true,
            mode: Mode::Passwordless,
            registration: Registration::Closed,
            asks_name: false,
            link_lifetime: 10 * MINUTE,
            other_browser: OtherBrowser::Address,
            email_limit: "1000000/1h".parse().expect("a limit"),
            client_limit: "1000000/1h".parse().expect("a limit"),
            network_limit: "1000000/1h".parse().expect("a limit"),
            site_limit: "1000000/1h".parse().expect("a limit"),
            total_limit: "1000000/1h".parse().expect("a limit"),
            alone: CountedAlone::default(),
            new_device_notice: false,
            used_link_retention: 30 * 24 * HOUR,
            mail_history: 7 * 24 * HOUR,
            session: Lifetimes { idle: 12 * HOUR, absolute: 7 * 24 * HOUR },
        };
        let origin = Origin::parse("https://wiki.example.com").expect("an origin");
        Self { gate, store, clock, terms, off_the_list: Mutex::default(), origin }
    }

    fn admits(&self, email: &EmailAddress) -> Option<EmailAddress> {
        let off = self.off_the_list.lock().expect("no panic");
        let on = email.domain() == "example.com" && !off.iter().any(|it| it == email.identity());
        on.then(|| email.clone())
    }

    /// Does something at the site.
    pub async fn at<T>(&self, act: impl AsyncFnOnce(&Gate, Place<'_>) -> T) -> T {
        let admits = |email: &EmailAddress, account: Option<&Account>| {
            let is_suspended = account.is_some_and(Account::is_suspended);
            self.admits(email).filter(|_| !is_suspended)
        };
        let place = Place {
            site: "wiki",
            origin: &self.origin,
            has_links: true,
            realm: REALM,
            terms: &self.terms,
            admits: &admits,
        };
        act(&self.gate, place).await
    }

    pub fn asker(&self, browser: Option<&Token<Browser>>) -> Asker {
        let key = &self.gate.keys().token;
        let browser = browser.map(|it| Token::parse(key, &it.reveal()).expect("genuine"));
        Asker {
            client: client(),
            browser_label: "Firefox on Linux".into(),
            browser,
            device: None,
            language: Language::English,
        }
    }

    /// Asks for a mail.
    pub async fn ask(
        &self,
        who: &str,
        browser: Option<&Token<Browser>>,
    ) -> Result<Asked, AskError> {
        self.ask_as(who, self.asker(browser)).await
    }

    /// Asks for a mail as somebody in particular.
    pub async fn ask_as(&self, who: &str, asker: Asker) -> Result<Asked, AskError> {
        let email = address(who);
        self.at(async |gate, place| gate.request_link(place, asker, &email, "/deep").await).await
    }

    /// Signs a new browser in by the link of a mail of its own.
    pub async fn signed_in(&self, who: &str, device: Option<&Device>) -> Box<SignedIn> {
        let (browser, job) = self.mailed(who, None).await;
        let (link, client) = (self.link(&job), client());
        let caller = Caller { device, ..caller(&client, Some(&browser), None) };
        match self.at(async |gate, place| gate.open_link(place, &link, caller).await).await {
            Ok(Opened::SignedIn(it)) => it,
            other => panic!("{other:?}"),
        }
    }

    /// Asks for another mail for the browser's attempt.
    pub async fn resend(&self, asker: Asker) -> Result<Asked, AskError> {
        self.at(async |gate, place| gate.resend(place, asker).await).await
    }

    /// Asks for a fresh mail with a link.
    pub async fn fresh_link(&self, asker: Asker, link: &Token<Link>) -> Result<Asked, AskError> {
        self.at(async |gate, place| gate.fresh_link(place, asker, link).await).await
    }

    /// Opens a link.
    pub async fn open(&self, link: &Token<Link>, caller: Caller<'_>) -> Opened {
        let opened = self.at(async |gate, place| gate.open_link(place, link, caller).await).await;
        opened.expect("a store")
    }

    /// Types an address to confirm a link.
    pub async fn confirm(&self, link: &Token<Link>, who: &str, caller: Caller<'_>) -> Redeemed {
        let typed = Some(address(who));
        let redeemed = self.at(async |gate, place| {
            gate.redeem_link(
                place,
                link,
                LinkAnswer { typed: typed.as_ref(), choice: None },
                caller,
            )
            .await
        });
        redeemed.await.expect("a store")
    }

    /// Types a code.
    pub async fn code(&self, code: &str, caller: Caller<'_>) -> CodeRedeemed {
        let code = Some(Code::parse(code).expect("a code"));
        let redeemed =
            self.at(async |gate, place| gate.redeem_code(place, code.as_ref(), None, caller).await);
        redeemed.await.expect("a store")
    }

    /// The mails that can be claimed now.
    pub async fn mails(&self) -> Vec<MailJob> {
        let claimed = self.store.claim(1000, 60 * MINUTE, self.clock.now()).await.expect("a store");
        let mut jobs = Vec::new();
        for claimed in claimed {
            let sealed = &claimed.sealed;
            jobs.push(self.gate.keys().mail.open(claimed.id, sealed).expect("sealed here"));
            let (now, id) = (self.clock.now(), claimed.id);
            let accepted = News::new(DeliveryState::Accepted, now);
            self.store.done(id, &accepted, now).await.expect("a store");
        }
        jobs
    }

    /// Asks from a browser, and returns the browser and what the mail says.
    pub async fn mailed(
        &self,
        who: &str,
        browser: Option<&Token<Browser>>,
    ) -> (Token<Browser>, MailJob) {
        let asked = self.ask(who, browser).await.expect("a mail");
        let mut jobs = self.mails().await;
        assert_eq!(jobs.len(), 1);
        (asked.browser, jobs.remove(0))
    }

    pub fn link(&self, job: &MailJob) -> Token<Link> {
        let text = job.link.rsplit('/').next().expect("a token");
        Token::parse(&self.gate.keys().token, text).expect("genuine")
    }

    pub fn report(&self, job: &MailJob) -> Token<Report> {
        let text = job.report.rsplit('/').next().expect("a token");
        Token::parse(&self.gate.keys().token, text).expect("genuine")
    }

    pub async fn record(&self, link: &Token<Link>) -> Option<Record> {
        self.store.attempt(link.digest()).await.expect("a store")
    }

    pub fn person(&self, who: &str) -> PersonKey {
        self.gate.keys().subject.person(who)
    }

    /// Whether a session counts now.
    pub async fn is_in(&self, session: &Token<token::Session>) -> bool {
        let found = self.gate.authenticate(session.digest(), REALM, self.terms.session.idle).await;
        found.expect("a store").is_some()
    }
}

pub fn address(who: &str) -> EmailAddress {
    EmailAddress::parse(who).expect("an address")
}

/// Where everybody comes from.
pub fn client() -> ClientAddress {
    ClientAddress::from(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9)))
}

/// A browser that wants in.
pub fn caller<'a>(
    client: &'a ClientAddress,
    browser: Option<&'a Token<Browser>>,
    session: Option<&'a Token<token::Session>>,
) -> Caller<'a> {
    Caller { browser, session, device: None, browser_label: "Firefox on Linux", client }
}
