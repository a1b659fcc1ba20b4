//! A person's list of sessions, and what its buttons end: the use cases with a clock that is moved.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use linkgate::adapters::embedded::Embedded;
use linkgate::adapters::redis::{RedisOptions, RedisStore};
use linkgate::domain::session::SessionHandle;
use linkgate::domain::token::{self, Token};
use linkgate::gate::accounts::{AccountWish, Kept};
use linkgate::gate::redeem::Opened;
use linkgate::gate::sessions::OwnSession;
use tempfile::TempDir;

use crate::gate_world::{HOUR, MINUTE, World, address, caller, client};
use crate::support::folder;
use crate::support::redis::{RedisServer, fresh_prefix};

const ANN: &str = "ann@example.com";

async fn signed_in(world: &World, who: &str) -> Token<token::Session> {
    let (browser, job) = world.mailed(who, None).await;
    let (link, client) = (world.link(&job), client());
    let caller = caller(&client, Some(&browser), None);
    match world.at(async |gate, place| gate.open_link(place, &link, caller).await).await {
        Ok(Opened::SignedIn(it)) => it.token,
        other => panic!("{other:?}"),
    }
}

async fn list(world: &World, who: &str, this: &Token<token::Session>) -> Vec<OwnSession> {
    let idle = world.terms.session.idle;
    world.gate.sessions_of(&address(who), this, idle).await.expect("a store")
}

async fn handle(world: &World, who: &str, of: &Token<token::Session>) -> SessionHandle {
    let this = list(world, who, of).await.into_iter().find(|it| it.this);
    this.expect("its own session is in the list").handle
}

#[tokio::test]
async fn the_list_has_what_counts_and_the_newest_first() {
    let world = World::in_memory();
    let old = signed_in(&world, ANN).await;
    world.clock.pass(HOUR);
    let middle = signed_in(&world, ANN).await;
    world.clock.pass(HOUR);
    let new = signed_in(&world, ANN).await;
    signed_in(&world, "bob@example.com").await;
    let sessions = list(&world, ANN, &middle).await;
    assert_eq!(sessions.iter().map(|it| it.this).collect::<Vec<_>>(), [false, true, false]);
    let seen: Vec<_> = sessions.iter().map(|it| it.session.last_seen).collect();
    assert!(seen.is_sorted_by(|earlier, later| earlier > later), "{seen:?}");
    assert!(sessions.iter().all(|it| it.session.email == address(ANN)));
    // Idle to the millisecond, like everywhere: `old` counts no more.
    world.clock.pass(10 * HOUR);
    let sessions = list(&world, ANN, &new).await;
    assert_eq!(sessions.iter().map(|it| it.this).collect::<Vec<_>>(), [true, false]);
    assert!(!world.is_in(&old).await);
    assert!(world.is_in(&middle).await);
}

#[tokio::test]
async fn a_handle_is_steady_and_tells_nothing_of_the_digest() {
    let world = World::in_memory();
    let (one, two) = (signed_in(&world, ANN).await, signed_in(&world, ANN).await);
    let handles = [handle(&world, ANN, &one).await, handle(&world, ANN, &two).await];
    assert_ne!(handles[0], handles[1]);
    assert_eq!(handles[0], handle(&world, ANN, &one).await);
    for (token, handle) in [(&one, handles[0]), (&two, handles[1])] {
        let digest = token.digest().to_hex();
        let handle = handle.to_string();
        assert_eq!(handle.len(), 32);
        assert!(!digest.contains(&handle[..8]) && !digest.contains(&handle[24..]));
        assert!(!token.reveal().contains(&handle[..8]));
    }
}

#[tokio::test]
async fn each_button_ends_what_it_says_and_nothing_of_anybody_else() {
    let world = World::in_memory();
    let this = signed_in(&world, ANN).await;
    let others = [signed_in(&world, ANN).await, signed_in(&world, ANN).await];
    let bob = signed_in(&world, "bob@example.com").await;
    let ann = address(ANN);
    // Neither a handle that nobody has nor that of somebody else's session ends anything.
    for stranger in
        [SessionHandle::from_bytes([7; 16]), handle(&world, "bob@example.com", &bob).await]
    {
        world.gate.end_own(&ann, stranger).await.expect("a store");
        assert_eq!(list(&world, ANN, &this).await.len(), 3);
        assert!(world.is_in(&bob).await);
    }
    let first = handle(&world, ANN, &others[0]).await;
    world.gate.end_own(&ann, first).await.expect("a store");
    assert!(!world.is_in(&others[0]).await);
    assert!(world.is_in(&others[1]).await && world.is_in(&this).await);
    world.gate.end_others(&ann, &this).await.expect("a store");
    assert!(!world.is_in(&others[1]).await);
    assert!(world.is_in(&this).await && world.is_in(&bob).await);
    world.gate.end_all(&ann).await.expect("a store");
    assert!(!world.is_in(&this).await);
    assert!(world.is_in(&bob).await, "somebody else's stays");
    assert!(list(&world, ANN, &this).await.is_empty());
}

#[tokio::test]
async fn what_is_idle_is_ended_too() {
    let world = World::in_memory();
    let idle = signed_in(&world, ANN).await;
    world.clock.pass(13 * HOUR);
    let this = signed_in(&world, ANN).await;
    assert_eq!(list(&world, ANN, &this).await.len(), 1);
    world.gate.end_others(&address(ANN), &this).await.expect("a store");
    assert!(world.store.session(idle.digest()).await.expect("a store").is_none());
}

/// An open stream of a session hears of its end at once, and not at its next look.
#[tokio::test]
async fn streams_hear_of_every_ending() {
    for act in 0..3 {
        let world = World::in_memory();
        let (this, other) = (signed_in(&world, ANN).await, signed_in(&world, ANN).await);
        let other_handle = handle(&world, ANN, &other).await;
        let ann = address(ANN);
        let mut listening = world.gate.listen(other.digest());
        let ended = match act {
            0 => world.gate.end_own(&ann, other_handle).await,
            1 => world.gate.end_others(&ann, &this).await,
            _ => world.gate.end_all(&ann).await,
        };
        ended.expect("a store");
        let mut heard = std::pin::pin!(listening.heard());
        let mut nobody = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(heard.as_mut().poll(&mut nobody).is_ready(), "{act}");
        world.clock.pass(MINUTE);
    }
}

/// One world over each store. What they stand on ends with what is returned beside them.
async fn over_every_store() -> ([World; 3], TempDir, Arc<RedisServer>) {
    let folder = folder();
    let embedded = Embedded::open(folder.path()).expect("a store");
    let server = RedisServer::shared().await;
    let redis = RedisStore::new(&server.url(), &fresh_prefix(), RedisOptions::default());
    let redis = World::over(Arc::new(redis.expect("a store")));
    ([World::in_memory(), World::over(Arc::new(embedded)), redis], folder, server)
}

/// The commands look whether there is anything to change, and somebody else may be faster.
#[tokio::test]
async fn what_changes_no_account_ends_no_session() {
    let (worlds, _folder, _server) = over_every_store().await;
    for world in worlds {
        let (one, two) = (signed_in(&world, ANN).await, signed_in(&world, ANN).await);
        let both_are_in = async || world.is_in(&one).await && world.is_in(&two).await;
        let (ann, name) = (address(ANN), "Ann".parse().expect("a name"));
        for _ in 0..2 {
            let named = world.gate.name_account(&ann, &name).await.expect("a store");
            assert!(matches!(named, Kept::Gone), "{named:?}");
            let resumed = world.gate.resume_account(&ann).await.expect("a store");
            assert!(matches!(resumed, Kept::Gone), "{resumed:?}");
            assert!(both_are_in().await);
        }
        let wish = AccountWish { email: ann.clone(), name: None, groups: BTreeSet::new() };
        world.gate.add_account(&wish).await.expect("a store");
        let resumed = world.gate.resume_account(&ann).await.expect("a store");
        assert!(matches!(resumed, Kept::Changed(_)), "{resumed:?}");
        let named = world.gate.name_account(&ann, &name).await.expect("a store");
        assert!(matches!(named, Kept::Changed(it) if it.name.as_ref() == Some(&name)));
        assert!(both_are_in().await);
        world.gate.suspend_account(&ann).await.expect("a store");
        assert!(!world.is_in(&one).await && !world.is_in(&two).await, "that ends them");
    }
}
