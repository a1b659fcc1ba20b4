//! One table: what is wrong, what people see meanwhile, and that it passes.

use std::process::Command;
use std::time::Duration;

use tokio::time::Instant;

use super::{ANN, DAN, Scene, TRUST, keeps_the_session};
use crate::flow::{SESSION, assert_ours, signed_in_as};
use crate::store_contract::world::{follows, with_copies};
use crate::support::client::{Answer, Browser};
use crate::support::eventually;
use crate::support::redis::{RedisServer, fresh_prefix};
use crate::support::trouble::Trouble::{
    self, HalfOpen, Late, LosesAnswers, Nothing, Resets, Says, SaysAndEnds, Swallows,
};

/// Longer than any answer may take: a question in doubt, two seconds for the store, a busy machine.
const BOUND: Duration = Duration::from_secs(5);
/// What a busy machine may add to the moment at which a request began.
const SLACK: Duration = Duration::from_millis(400);

/// What people see while it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// Nobody can be asked about anything.
    Unavailable,
    /// Reads work.
    SignedInGoOn,
    /// All works, if later.
    Works,
}
use Seen::{SignedInGoOn, Unavailable, Works};

/// What is wrong.
#[derive(Clone, Copy, Debug)]
enum Wrong {
    /// The way to Redis.
    Way(Trouble),
    /// The process has stopped.
    Stopped,
    /// What the server is told, and how it is told to go on as before.
    Told(&'static [&'static str], &'static [&'static str]),
}
use Wrong::{Stopped, Told, Way};

macro_rules! kinds {
    ($($name:ident: $wrong:expr => $seen:expr;)+) => {
        $(
            #[tokio::test]
            async fn $name() {
                passes($wrong, $seen).await;
            }
        )+
    };
}

kinds! {
    it_takes_connections_and_is_silent: Way(Swallows) => Unavailable;
    its_answers_are_lost: Way(LosesAnswers) => Unavailable;
    its_connections_are_reset: Way(Resets) => Unavailable;
    its_connections_are_half_open: Way(HalfOpen) => Works;
    it_is_late: Way(Late(Duration::from_millis(150))) => Works;
    it_is_too_late: Way(Late(Duration::from_millis(2_500))) => Unavailable;
    it_is_stopped: Stopped => Unavailable;
    it_says_what_is_no_answer: Way(Says(b"\x16\x03\x01 no RESP\r\n")) => Unavailable;
    it_stops_in_an_answer: Way(SaysAndEnds(b"*3\r\n$1\r\n1\r\n$500\r\n{")) => Unavailable;
    it_is_loading: Way(Says(b"-LOADING Redis is loading the dataset in memory\r\n")) => Unavailable;
    it_says_that_it_is_a_replica: Way(Says(b"-READONLY You can't write\r\n")) => Unavailable;
    it_says_that_it_is_full: Way(Says(b"-OOM command not allowed\r\n")) => Unavailable;
    it_says_that_it_is_busy: Way(Says(b"-BUSY Redis is busy running a script\r\n")) => Unavailable;
    it_wants_a_password: Way(Says(b"-NOAUTH Authentication required.\r\n")) => Unavailable;
    it_says_a_number: Way(Says(b":1\r\n")) => Unavailable;
    it_says_yes_to_everything: Way(Says(b"+OK\r\n")) => Unavailable;
    it_says_no_to_everything: Way(Says(b"_\r\n")) => Unavailable;
    it_says_an_empty_list: Way(Says(b"*0\r\n")) => Unavailable;
    it_is_full: Told(&["CONFIG", "SET", "maxmemory", "1"], &["CONFIG", "SET", "maxmemory", "0"])
        => SignedInGoOn;
    it_is_a_replica_of_nobody: Told(&["REPLICAOF", "127.0.0.1", "1"], &["REPLICAOF", "NO", "ONE"])
        => SignedInGoOn;
}

async fn passes(wrong: Wrong, seen: Seen) {
    let scene = Scene::new("0s").await;
    let mut ann = scene.signed_in(ANN).await;
    let session = ann.cookies[SESSION].clone();
    let mut dan = scene.gate.browser();
    scene.gate.ask(&mut dan, DAN, "/x").await;
    let mail = scene.gate.mail(DAN, 1).await;
    let mut carl = scene.gate.browser();
    scene.gate.ask(&mut carl, "carl@example.com", "/x").await;
    let in_flight = scene.gate.mail("carl@example.com", 1).await.link();

    begins(&scene, wrong).await;
    let began = Instant::now();
    // A click that is under way when it begins.
    let click = tokio::spawn(async move {
        let answer = bounded(carl.get(&in_flight)).await;
        (carl, answer, in_flight)
    });
    match seen {
        Unavailable => {
            is_refused_in_time(&scene, &mut ann, began).await;
            nothing_works(&scene, &mut ann, &mut dan, &mail.link()).await;
        }
        SignedInGoOn => {
            for _ in 0..20 {
                assert_eq!(page(&mut ann).await.status, 200);
            }
            // Nobody is promised a mail whose link would not work.
            let mut new = scene.gate.browser();
            assert_unavailable(&bounded(scene.gate.ask(&mut new, "new@example.com", "/")).await);
            assert_unavailable(&bounded(dan.get(&mail.link())).await);
        }
        Works => {
            let mut new = scene.gate.browser();
            // What was on its way over a line that leads nowhere could not be done, and is not done twice.
            eventually("it works while it lasts", async || {
                let asked = bounded(scene.gate.ask(&mut new, "new@example.com", "/")).await;
                assert!([303, 503].contains(&asked.status), "{}", asked.status);
                (asked.status == 303).then_some(())
            })
            .await;
            eventually("whoever is signed in goes on", async || {
                (page(&mut ann).await.status == 200).then_some(())
            })
            .await;
            let link = scene.gate.mail("new@example.com", 1).await.link();
            assert_eq!(bounded(new.get(&link)).await.status, 303);
        }
    }
    let lasted = began.elapsed();
    ends(&scene, wrong).await;
    let ended = Instant::now();
    eventually("the same session counts", async || {
        (page(&mut ann).await.status == 200).then_some(())
    })
    .await;
    println!("{wrong:?}: lasted {lasted:?}, all was well {:?} after it", ended.elapsed());
    assert_eq!(ann.cookies[SESSION], session);
    assert_eq!(signed_in_as(&scene.gate, &mut ann).await.as_deref(), Some(ANN));
    works_again(&scene, &mut dan, &mail.link(), click).await;
}

async fn begins(scene: &Scene, wrong: Wrong) {
    match wrong {
        Way(trouble) => scene.way.makes(trouble),
        Stopped => signal(scene, "-STOP"),
        Told(words, _) => scene.redis.ask(words).await.expect("told"),
    }
}

async fn ends(scene: &Scene, wrong: Wrong) {
    match wrong {
        Way(_) => scene.way.makes(Nothing),
        Stopped => signal(scene, "-CONT"),
        Told(_, words) => scene.redis.ask(words).await.expect("told"),
    }
}

fn signal(scene: &Scene, name: &str) {
    let sent = Command::new("kill").args([name, &scene.redis.pid().to_string()]).status();
    assert!(sent.expect("kill").success());
}

async fn bounded(answer: impl Future<Output = Answer>) -> Answer {
    let began = Instant::now();
    let answer = answer.await;
    assert!(began.elapsed() < BOUND, "{} after {:?}", answer.status, began.elapsed());
    answer
}

/// A page for somebody who is signed in: it comes, or it is not available, and nothing else.
async fn page(browser: &mut Browser) -> Answer {
    let answer = bounded(browser.get("/me")).await;
    keeps_the_session(&answer);
    assert!([200, 503].contains(&answer.status), "{}: {}", answer.status, answer.location());
    answer
}

/// Copies count for as long as the operator said, and not a moment longer.
async fn is_refused_in_time(scene: &Scene, browser: &mut Browser, began: Instant) {
    eventually("somebody who is signed in is refused", async || {
        let asked = began.elapsed();
        scene.gate.upstream.forget();
        if page(browser).await.status == 503 {
            assert!(scene.gate.upstream.seen().is_empty(), "trouble is never a pass");
            return Some(());
        }
        assert!(asked < TRUST + SLACK, "let in without proof after {asked:?}");
        None
    })
    .await;
}

async fn nothing_works(scene: &Scene, ann: &mut Browser, dan: &mut Browser, link: &str) {
    let before = ann.cookies.clone();
    let refused = page(ann).await;
    assert_unavailable(&refused);
    assert!(refused.text().contains("Sign-in is not available right now"));
    let reference = refused.text().split("Reference").nth(1).is_some();
    assert!(reference, "what to tell the operator: {}", refused.text());
    let json = [("Accept", "application/json")];
    let script = bounded(ann.send("GET", "/me", &json, None)).await;
    assert_unavailable(&script);
    assert_eq!(script.header("content-type"), "application/problem+json");
    assert_unavailable(&bounded(ann.post("/.linkgate/sign-out", &[])).await);
    assert_eq!(ann.cookies, before);
    let mut new = scene.gate.browser();
    assert_unavailable(&bounded(scene.gate.ask(&mut new, "new@example.com", "/")).await);
    assert_unavailable(&bounded(dan.get(link)).await);
    assert!(scene.gate.upstream.seen().is_empty());
    // A stranger is stopped at the door as ever.
    assert_eq!(bounded(scene.gate.browser().get("/me")).await.status, 303);
}

fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.text());
    let after: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&after));
    assert_eq!((answer.location(), answer.all("set-cookie")), ("", Vec::<&str>::new()));
    assert_ours(answer);
}

async fn works_again(
    scene: &Scene,
    dan: &mut Browser,
    link: &str,
    click: tokio::task::JoinHandle<(Browser, Answer, String)>,
) {
    let (mut carl, answer, in_flight) = click.await.expect("no panic");
    if answer.status == 303 {
        assert!(carl.cookies.contains_key(SESSION));
    } else {
        assert_unavailable(&answer);
        // The link may be spent and the answer lost: then it says so, and there is a way to a fresh one.
        let again = carl.get(&in_flight).await;
        match again.status {
            303 => assert!(carl.cookies.contains_key(SESSION)),
            410 => assert!(again.text().contains("/.linkgate/resend"), "{}", again.text()),
            other => panic!("{other}: {}", again.text()),
        }
    }
    if dan.get(link).await.status != 303 {
        panic!("nobody has spent that link");
    }
    assert_eq!(signed_in_as(&scene.gate, dan).await.as_deref(), Some(DAN));
    let mut new = scene.gate.browser();
    assert_eq!(scene.gate.sign_in(&mut new, "newer@example.com", "/").await.status, 303);
    assert!(!scene.gate.whole_log().await.contains("panic"));
}

/// Copies are trusted for an answer to the question, and not for something that was heard.
#[tokio::test]
async fn something_else_is_no_sign_of_life() {
    let redis = RedisServer::start().await;
    let way = super::Way::to(redis.port()).await;
    let url = format!("redis://{}", way.address);
    let store = with_copies(&url, &fresh_prefix(), Duration::ZERO).await;
    for answer in [b"+OK\r\n".as_slice(), b":1\r\n", b"$4\r\nPANG\r\n"] {
        way.makes(Says(answer));
        eventually("copies are doubted", async || (!store.keeps_copies()).then_some(())).await;
        way.makes(Nothing);
        follows(&store).await;
    }
}
