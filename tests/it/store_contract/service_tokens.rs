//! The tokens of scripts.

use std::sync::Arc;
use std::time::Duration;

use linkgate::domain::policy::MethodSet;
use linkgate::domain::service_token::ServiceToken;
use linkgate::domain::time::UnixMillis;
use linkgate::domain::token::{Service, TokenDigest};
use linkgate::ports::Store;
use tokio::sync::Barrier;

use super::world::{LIFETIME, NOW, Place, World};

pub(super) fn token(name: &str) -> ServiceToken {
    ServiceToken {
        name: name.parse().unwrap(),
        site: "wiki".into(),
        paths: vec!["/api/**".parse().unwrap()],
        methods: MethodSet::of(["GET"]).unwrap(),
        email: None,
        created_at: NOW,
        expires_at: NOW.after(LIFETIME),
        last_used: None,
    }
}

pub(super) fn digest(n: u8) -> TokenDigest<Service> {
    TokenDigest::from_bytes([n; 32])
}

pub(super) async fn add(store: &dyn Store, n: u8, name: &str) -> bool {
    store.add_token(digest(n), &token(name), NOW.after(LIFETIME * 2), NOW).await.unwrap()
}

pub(super) async fn a_token_is_found_as_it_was_made_until_it_is_revoked(world: World) {
    let store = &*world.store;
    assert!(add(store, 1, "backup").await);
    assert!(add(store, 2, "audit").await);
    assert_eq!(store.token(digest(1)).await.unwrap(), Some(Arc::new(token("backup"))));
    assert_eq!(store.token(digest(3)).await.unwrap(), None);
    assert_eq!(store.tokens().await.unwrap(), [token("audit"), token("backup")]);
    assert!(store.revoke_token(&"backup".parse().unwrap()).await.unwrap());
    assert!(!store.revoke_token(&"backup".parse().unwrap()).await.unwrap(), "not there twice");
    assert_eq!(store.token(digest(1)).await.unwrap(), None);
    assert_eq!(store.tokens().await.unwrap(), [token("audit")]);
}

pub(super) async fn a_name_is_one_tokens_at_a_time(world: World) {
    let start = Arc::new(Barrier::new(16));
    let adding: Vec<_> = (0..16_u8)
        .map(|n| {
            let (store, start) = (Arc::clone(&world.store), Arc::clone(&start));
            tokio::spawn(async move {
                start.wait().await;
                add(&*store, n, "backup").await
            })
        })
        .collect();
    let mut added = 0;
    for adding in adding {
        added += usize::from(adding.await.unwrap());
    }
    assert_eq!((added, world.store.tokens().await.unwrap().len()), (1, 1));
    assert!(world.store.revoke_token(&"backup".parse().unwrap()).await.unwrap());
    assert!(add(&*world.store, 99, "backup").await, "the name is free again");
}

pub(super) async fn a_note_of_use_moves_forward_and_revives_nothing(world: World) {
    let store = &*world.store;
    assert!(add(store, 1, "backup").await);
    for (used, last) in [(70_000, 70_000), (60_000, 70_000), (80_000, 80_000)] {
        store.note_use(digest(1), UnixMillis(NOW.0 + used)).await.unwrap();
        let expected = Some(UnixMillis(NOW.0 + last));
        assert_eq!(store.token(digest(1)).await.unwrap().unwrap().last_used, expected);
        assert_eq!(store.tokens().await.unwrap()[0].last_used, expected);
    }
    assert!(store.revoke_token(&"backup".parse().unwrap()).await.unwrap());
    store.note_use(digest(1), NOW.after(LIFETIME)).await.unwrap();
    assert_eq!(store.token(digest(1)).await.unwrap(), None);
    assert_eq!(store.tokens().await.unwrap(), []);
}

pub(super) async fn expired_tokens_leave_in_time(world: World) {
    let store = &*world.store;
    assert!(add(store, 1, "backup").await);
    store.sweep(NOW.after(LIFETIME * 2).before(Duration::from_millis(1))).await.unwrap();
    assert!(store.token(digest(1)).await.unwrap().is_some(), "listed as expired");
    if matches!(world.place, Place::Redis { .. }) {
        // Redis removes its keys itself; see `raw_redis::a_service_token_leaves_in_time…`.
        return;
    }
    assert_eq!(store.sweep(NOW.after(LIFETIME * 2)).await.unwrap(), 1);
    assert_eq!(store.tokens().await.unwrap(), []);
    assert!(add(store, 2, "backup").await, "the name is free again");
}
