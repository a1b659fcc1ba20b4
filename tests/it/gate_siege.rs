//! Strangers who do what they can: what is in the mailbox stays good, and there is one live attempt
//! for each address and browser.

use std::collections::HashMap;
use std::net::IpAddr;

use linkgate::domain::attempt::State;
use linkgate::domain::client::ClientAddress;
use linkgate::domain::token::{Browser, Link, Token};
use linkgate::gate::ask::{Asked, Asker};
use linkgate::gate::mail_job::MailJob;
use linkgate::gate::redeem::{Caller, CodeRedeemed, Opened, Redeemed};
use linkgate::gate::report::Reported;
use linkgate::ports::Entropy;

use crate::gate_world::{MINUTE, Seeded, World, address, caller, client};

const ANN: &str = "ann@example.com";

/// How the victim goes on in the end.
#[derive(Clone, Copy, Debug)]
enum Way {
    OwnLink,
    Code,
    LinkElsewhereAndCode,
}

/// Strangers with four browsers and any number of addresses of the Internet.
struct Siege {
    world: World,
    dice: Seeded,
    strangers: Vec<Token<Browser>>,
    /// What the strangers' own requests have sent, to whomever.
    links: Vec<Token<Link>>,
}

impl Siege {
    fn new(seed: u64) -> Self {
        let mut world = World::in_memory();
        world.terms.email_limit = "3/1h".parse().expect("a limit");
        world.terms.client_limit = "10/1h".parse().expect("a limit");
        world.terms.network_limit = "50/1h".parse().expect("a limit");
        Self { world, dice: Seeded::new(seed), strangers: Vec::new(), links: Vec::new() }
    }

    fn roll(&self, sides: u64) -> usize {
        let mut bytes = [0; 8];
        self.dice.fill(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes) % sides).expect("small")
    }

    fn copy(&self, browser: &Token<Browser>) -> Token<Browser> {
        Token::parse(&self.world.gate.keys().token, &browser.reveal()).expect("genuine")
    }

    /// One of the strangers' browsers, or none yet.
    fn stranger(&self) -> Option<Token<Browser>> {
        let browser = self.strangers.get(self.roll(4))?;
        Some(self.copy(browser))
    }

    fn asker(&self) -> Asker {
        // Sometimes the victim's own network.
        let address: IpAddr = match self.roll(3) {
            0 => client().ip(),
            1 => format!("203.0.{}.{}", self.roll(9), self.roll(9)).parse().expect("an address"),
            _ => format!("2001:db8:{}:{}::1", self.roll(9), self.roll(9)).parse().expect("one"),
        };
        let browser = self.stranger();
        let client = ClientAddress::from(address);
        Asker { client, browser, ..self.world.asker(None) }
    }

    fn took(&mut self, asked: Option<Asked>) {
        if let Some(asked) = asked
            && self.strangers.len() < 4
        {
            self.strangers.push(asked.browser);
        }
    }

    /// Anything that needs nothing of the mail but, at worst, its links.
    async fn act(&mut self, victim: &MailJob) {
        let asker = self.asker();
        let (browser, client) = (self.stranger(), client());
        let caller = caller(&client, browser.as_ref(), None);
        let world = &self.world;
        let link = world.link(victim);
        match self.roll(9) {
            0 | 1 => {
                let who = [ANN, ANN, "ann+x@example.com", "eve@example.com"][self.roll(4)];
                let asked = world.ask_as(who, asker).await.ok();
                self.took(asked);
            }
            2 => {
                let asked = world.resend(asker).await.ok();
                self.took(asked);
            }
            // Whoever finds the mail's link, a colleague or a scanner, may ask for a fresh one.
            3 => {
                let asked = world.fresh_link(asker, &link).await.ok();
                self.took(asked);
            }
            4 => {
                let guessed = world.code("BCDF-GHJK", caller).await;
                assert!(!matches!(guessed, CodeRedeemed::SignedIn(_)));
            }
            5 => {
                let (report, eve) = (world.report(victim), address("eve@example.com"));
                let reported = world.gate.report(&report, &eve).await.expect("a store");
                assert!(matches!(reported, Reported::WrongAddress | Reported::TooMany { .. }));
            }
            6 => match world.confirm(&link, "eve@example.com", caller).await {
                Redeemed::WrongAddress(_) | Redeemed::TooMany { .. } => {}
                other => panic!("{other:?}"),
            },
            7 => {
                let opened = world.open(&link, caller).await;
                assert!(matches!(opened, Opened::Elsewhere(_)), "{opened:?}");
            }
            _ => world.clock.pass(MINUTE / 8),
        }
        self.read_mails().await;
    }

    async fn read_mails(&mut self) {
        for job in self.world.mails().await {
            let link = self.world.link(&job);
            self.links.push(link);
        }
    }

    /// One live attempt for each address and browser.
    async fn check(&self) {
        let mut live: HashMap<_, u32> = HashMap::new();
        for link in &self.links {
            let record = self.world.record(link).await.expect("kept");
            if matches!(record.state, State::Live | State::LinkUsed { .. }) {
                let attempt = record.attempt;
                *live.entry((attempt.browser, attempt.email.to_string())).or_default() += 1;
            }
        }
        assert!(live.values().all(|count| *count == 1), "{live:?}");
    }
}

async fn goes_on(siege: &Siege, browser: &Token<Browser>, mail: &MailJob, way: Way) {
    let world = &siege.world;
    let (link, client) = (world.link(mail), client());
    let own: Caller<'_> = caller(&client, Some(browser), None);
    if matches!(way, Way::LinkElsewhereAndCode) {
        match world.confirm(&link, ANN, caller(&client, None, None)).await {
            // Only whoever has the link can use up the guesses at its address, and not the code.
            Redeemed::SignedIn(_) | Redeemed::TooMany { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    if matches!(way, Way::OwnLink) {
        let opened = world.open(&link, own).await;
        assert!(matches!(opened, Opened::SignedIn(_)), "{opened:?}");
    } else {
        let redeemed = world.code(&mail.code, own).await;
        assert!(matches!(redeemed, CodeRedeemed::SignedIn(_)), "{redeemed:?}");
    }
}

#[tokio::test]
async fn what_is_in_the_mailbox_stays_good_whatever_strangers_do() {
    for seed in 0..90 {
        let mut siege = Siege::new(seed);
        let (browser, mail) = siege.world.mailed(ANN, None).await;
        let link = siege.world.link(&mail);
        siege.links.push(link);
        for _ in 0..40 {
            siege.act(&mail).await;
        }
        siege.check().await;
        assert!(!siege.strangers.is_empty() && siege.links.len() > 1, "seed {seed}: no siege");
        let way = [Way::OwnLink, Way::Code, Way::LinkElsewhereAndCode]
            [usize::try_from(seed % 3).expect("small")];
        println!("seed {seed}: {way:?}");
        goes_on(&siege, &browser, &mail, way).await;
    }
}

#[tokio::test]
async fn whoever_asks_again_has_the_newest_mail_only() {
    let world = World::in_memory();
    let (browser, first) = world.mailed(ANN, None).await;
    // The form, resend, and a fresh link: each takes the place of the one before it.
    let (_, second) = world.mailed(ANN, Some(&browser)).await;
    world.clock.pass(MINUTE);
    world.resend(world.asker(Some(&browser))).await.expect("a mail");
    let third = world.mails().await.remove(0);
    world.clock.pass(2 * MINUTE);
    let asker = world.asker(Some(&browser));
    world.fresh_link(asker, &world.link(&third)).await.expect("a mail");
    let fourth = world.mails().await.remove(0);
    // A stranger with a link that was found gets an attempt of their own.
    world.clock.pass(4 * MINUTE);
    let asked = world.fresh_link(world.asker(None), &world.link(&fourth)).await.expect("a mail");
    assert!(asked.attempt.stranger && asked.attempt.browser != browser.digest());
    for (mail, live) in [(&first, false), (&second, false), (&third, false), (&fourth, true)] {
        let state = world.record(&world.link(mail)).await.expect("kept").state;
        assert_eq!(state == State::Live, live, "{state:?}");
        assert!(live || matches!(state, State::Replaced { .. }), "{state:?}");
    }
    let client = client();
    let own = caller(&client, Some(&browser), None);
    let opened = world.open(&world.link(&fourth), own).await;
    assert!(matches!(opened, Opened::SignedIn(_)), "{opened:?}");
}
