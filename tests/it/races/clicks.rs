//! One link, many clicks.

use std::sync::Arc;

use linkgate::adapters::embedded::Embedded;
use linkgate::adapters::redis::{RedisOptions, RedisStore};
use linkgate::domain::code::Code;
use linkgate::domain::token::{Browser, Token};
use linkgate::gate::mail_job::MailJob;
use linkgate::gate::redeem::{CodeRedeemed, LinkAnswer, Opened, Redeemed};
use linkgate::ports::Clock;
use tokio::sync::Barrier;

use crate::flow::SESSION;
use crate::gate_world::{World, address, caller, client};
use crate::support::redis::{RedisServer, fresh_prefix};
use crate::support::stores::{Kind, over_every_store};

const CLICKS: usize = 64;
const ANN: &str = "ann@example.com";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Click {
    Own,
    Elsewhere,
    Code,
}

/// Clicks, all at the same moment; the ways that signed in.
async fn click(
    world: &Arc<World>,
    browser: &Token<Browser>,
    job: &MailJob,
    clicks: &[Click],
) -> Vec<Click> {
    let barrier = Arc::new(Barrier::new(clicks.len()));
    let cookie = browser.reveal();
    let tasks: Vec<_> = clicks
        .iter()
        .map(|way| {
            let (world, barrier, way) = (Arc::clone(world), Arc::clone(&barrier), *way);
            let browser = Token::parse(&world.gate.keys().token, &cookie).expect("genuine");
            let (link, code) = (world.link(job), Code::parse(&job.code).expect("a code"));
            tokio::spawn(async move {
                let (client, typed) = (client(), address(ANN));
                let own = caller(&client, Some(&browser), None);
                let other = caller(&client, None, None);
                barrier.wait().await;
                world
                    .at(async |gate, place| match way {
                        Click::Own => {
                            let opened = gate.open_link(place, &link, own).await;
                            matches!(opened.expect("a store"), Opened::SignedIn(_))
                        }
                        Click::Elsewhere => {
                            let redeemed = gate
                                .redeem_link(
                                    place,
                                    &link,
                                    LinkAnswer { typed: Some(&typed), choice: None },
                                    other,
                                )
                                .await;
                            matches!(redeemed.expect("a store"), Redeemed::SignedIn(_))
                        }
                        Click::Code => {
                            let redeemed = gate.redeem_code(place, Some(&code), None, own).await;
                            matches!(redeemed.expect("a store"), CodeRedeemed::SignedIn(_))
                        }
                    })
                    .await
            })
        })
        .collect();
    let mut signed_in = Vec::new();
    for (task, way) in tasks.into_iter().zip(clicks) {
        if task.await.expect("no panic") {
            signed_in.push(*way);
        }
    }
    signed_in
}

async fn one_session_for_each_link(world: World, rounds: usize) {
    let world = Arc::new(world);
    for round in 0..rounds {
        let (browser, job) = world.mailed(ANN, None).await;
        // In turn all in the browser that asked, and all in others.
        let way = if round % 2 == 0 { Click::Own } else { Click::Elsewhere };
        let signed_in = click(&world, &browser, &job, &[way; CLICKS]).await;
        assert_eq!(signed_in, [way], "round {round}");
        let sessions = world.store.sessions_of(world.person(ANN), world.clock.now()).await;
        assert_eq!(sessions.expect("a store").len(), round + 1, "round {round}");
    }
}

async fn link_and_code_together(world: World, rounds: usize) {
    let world = Arc::new(world);
    let mut before = 0;
    for round in 0..rounds {
        let (browser, job) = world.mailed(ANN, None).await;
        let mut clicks = vec![Click::Own; 12];
        clicks.extend([Click::Elsewhere; 12]);
        clicks.extend([Click::Code; 5]);
        clicks.rotate_left(round % 29);
        let signed_in = click(&world, &browser, &job, &clicks).await;
        let count = |way| signed_in.iter().filter(|it| **it == way).count();
        let (own, other, code) = (count(Click::Own), count(Click::Elsewhere), count(Click::Code));
        assert!(own + other <= 1, "the link works once: {signed_in:?}");
        assert!(own + code <= 1, "the browser that asked signs in once: {signed_in:?}");
        assert!(own + other + code >= 1, "somebody gets in");
        let sessions = world.store.sessions_of(world.person(ANN), world.clock.now()).await;
        let after = sessions.expect("a store").len();
        assert_eq!(after - before, signed_in.len(), "round {round}: each has a session");
        before = after;
    }
}

async fn redis() -> (Arc<RedisServer>, World) {
    let server = RedisServer::shared().await;
    let store = RedisStore::new(&server.url(), &fresh_prefix(), RedisOptions::default());
    (server, World::over(Arc::new(store.expect("a store"))))
}

fn embedded() -> (tempfile::TempDir, World) {
    let folder = crate::support::folder();
    let store = Embedded::open(folder.path()).expect("a store");
    (folder, World::over(Arc::new(store)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_clicks_in_memory() {
    one_session_for_each_link(World::in_memory(), 200).await;
    link_and_code_together(World::in_memory(), 100).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_clicks_over_the_embedded_store() {
    let (_folder, world) = embedded();
    one_session_for_each_link(world, 200).await;
    let (_folder, world) = embedded();
    link_and_code_together(world, 50).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_clicks_over_redis() {
    let (_server, world) = redis().await;
    one_session_for_each_link(world, 200).await;
    let (_server, world) = redis().await;
    link_and_code_together(world, 50).await;
}

over_every_store!(sixty_four_requests_make_one_session);

async fn sixty_four_requests_make_one_session(kind: Kind) {
    let gate = kind.gate().await;
    for round in 1..=5 {
        let mut browser = gate.browser();
        gate.ask(&mut browser, ANN, "/x").await;
        let link = gate.mail(ANN, round).await.link();
        let clicks: Vec<_> = (0..CLICKS)
            .map(|_| {
                let (mut browser, link) = (browser.clone(), link.clone());
                tokio::spawn(async move {
                    let answer = browser.get(&link).await;
                    (answer.status, browser.cookies.get(SESSION).cloned())
                })
            })
            .collect();
        let mut sessions = Vec::new();
        for click in clicks {
            match click.await.expect("no panic") {
                (303, Some(session)) => sessions.push(session),
                (410, None) => {}
                other => panic!("round {round}: {other:?}"),
            }
        }
        assert_eq!(sessions.len(), 1, "round {round}");
        browser.cookies.insert(SESSION.to_owned(), sessions.remove(0));
        let who = crate::flow::signed_in_as(&gate, &mut browser).await;
        assert_eq!(who.as_deref(), Some(ANN));
    }
}
