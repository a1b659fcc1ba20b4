//! What is made for a session lies beside it, and is only used where it was made for.

use linkgate::domain::identity::Identity;
use linkgate::domain::session::{Session, Surroundings};
use linkgate::domain::time::UnixMillis;
use linkgate::domain::token::TokenDigest;
use linkgate::portal::assertion::Visitor;
use linkgate::ports::Known;

use super::{NOW, World, after, ann};

fn known(identity: &Identity) -> Known {
    Known::from(Session {
        email: identity.email.clone(),
        signed_in_at: NOW,
        last_seen: NOW,
        expires_at: identity.expires_at,
        surroundings: Surroundings::new("*.example.com", "Firefox on Linux"),
        network: "192.0.2.0/24".parse().unwrap(),
    })
}

/// All that the application at a host is told of a session.
async fn told(
    world: &World,
    host: &str,
    (known, identity): (&Known, &Identity),
    now: UnixMillis,
) -> Vec<u8> {
    let session = TokenDigest::from_bytes([5; 32]);
    let visitor = Some(Visitor::Person { session, known: Some(known), identity });
    let located = world.located(host);
    let told = world.assertions.introduce(&located, visitor, now).await.expect("told");
    told.identity.lines().to_vec()
}

const HOSTS: [&str; 3] = ["a.example.com", "b.example.com", "c.example.com"];

#[tokio::test]
async fn each_site_is_told_in_its_own_words_in_whatever_order_they_are_asked() {
    let (world, ann) = (World::new(), ann(&["staff"], after(86_400)));
    let known = known(&ann);
    let mut first = Vec::new();
    for host in HOSTS {
        first.push(told(&world, host, (&known, &ann), NOW).await);
    }
    // ES256 draws a number for each signature, so equal texts are the same signature: those of the
    // sites that came later are kept, too.
    for _ in 0..2 {
        for (host, first) in HOSTS.iter().zip(&first).rev() {
            assert_eq!(told(&world, host, (&known, &ann), after(1)).await, *first, "{host}");
        }
    }
    let [a, _, c] = first.try_into().expect("three");
    assert!(a.starts_with(b"Remote-User: ann@example.com\r\n"), "{a:?}");
    assert!(c.starts_with(b"X-User: ann@example.com\r\n"), "{c:?}");
}

#[tokio::test]
async fn it_is_reused_until_half_of_its_life_is_over_or_the_groups_are_others() {
    let (world, ann) = (World::new(), ann(&["staff"], after(86_400)));
    let (known, host) = (known(&ann), "b.example.com");
    let first = told(&world, host, (&known, &ann), NOW).await;
    assert_eq!(told(&world, host, (&known, &ann), after(29)).await, first);
    let second = told(&world, host, (&known, &ann), after(30)).await;
    assert_ne!(second, first);
    let demoted = super::ann(&[], after(86_400));
    let third = told(&world, host, (&known, &demoted), after(30)).await;
    assert_ne!(third, second);
    assert_eq!(told(&world, host, (&known, &demoted), after(31)).await, third);
}

/// A session that was moved forward is read anew; and one that is read past the copies, while nothing tells
/// of changes, with each request.
#[tokio::test]
async fn a_session_that_is_read_anew_costs_no_signature() {
    let (world, ann) = (World::new(), ann(&[], after(86_400)));
    let host = "b.example.com";
    let first = told(&world, host, (&known(&ann), &ann), NOW).await;
    for seconds in [1, 2] {
        assert_eq!(told(&world, host, (&known(&ann), &ann), after(seconds)).await, first);
    }
}

/// Another configuration may have other names, and its own assertions.
#[tokio::test]
async fn another_configuration_takes_nothing_over() {
    let (one, other) = (World::new(), World::new());
    let ann = ann(&[], after(86_400));
    let (known, host) = (known(&ann), "b.example.com");
    let first = told(&one, host, (&known, &ann), NOW).await;
    let second = told(&other, host, (&known, &ann), NOW).await;
    assert_ne!(first, second);
    assert_eq!(told(&other, host, (&known, &ann), NOW).await, second);
    assert_ne!(told(&one, host, (&known, &ann), NOW).await, second);
}
