//! Mails are limited by address, client, network, site and in all, whatever they are asked for with.

use std::net::IpAddr;

use linkgate::domain::client::ClientAddress;
use linkgate::domain::device::Device;
use linkgate::domain::limit::Limit;
use linkgate::domain::terms::SignInTerms;
use linkgate::domain::time::UnixMillis;
use linkgate::gate::Place;
use linkgate::gate::ask::{AskError, Asked, Asker};
use linkgate::gate::redeem::Opened;
use linkgate::ports::Clock;

use crate::gate_world::{HOUR, MINUTE, World, address, caller, client};

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@example.com";

fn limit(text: &str) -> Limit {
    text.parse().expect("a limit")
}

fn at(asker: Asker, client: &str) -> Asker {
    let client: IpAddr = client.parse().expect("an address");
    Asker { client: ClientAddress::from(client), ..asker }
}

/// Asks at a site, from an address of the Internet.
async fn ask(world: &World, site: &str, client: &str, who: &str) -> Result<Asked, AskError> {
    let (asker, email) = (at(world.asker(None), client), address(who));
    let asked = async |gate: &linkgate::gate::Gate, place: Place<'_>| {
        gate.request_link(Place { site, ..place }, asker, &email, "/").await
    };
    world.at(asked).await
}

fn until(asked: Result<Asked, AskError>) -> Option<UnixMillis> {
    match asked {
        Err(AskError::TooMany { until }) => Some(until),
        Ok(_) => None,
        Err(error) => panic!("{error}"),
    }
}

type Narrow = fn(&mut SignInTerms, Limit);

/// What is limited, how, and three requests that have only the limited thing in common, each a site,
/// a client and an address; then one that has not even that.
type Row = (&'static str, Narrow, [(&'static str, &'static str, &'static str); 4]);

const ROWS: [Row; 7] = [
    (
        "address",
        |it, two| it.email_limit = two,
        [
            ("a", "203.0.113.1", "ann@example.com"),
            ("b", "198.51.100.1", "ann+x@example.com"),
            ("c", "2001:db8:1::1", "Ann@example.com"),
            ("a", "203.0.113.1", "bob@example.com"),
        ],
    ),
    (
        "address that may not sign in",
        |it, two| it.email_limit = two,
        [
            ("a", "203.0.113.1", "ann@nowhere.example"),
            ("b", "198.51.100.1", "ann+x@nowhere.example"),
            ("c", "2001:db8:1::1", "ann@nowhere.example"),
            ("a", "203.0.113.1", "bob@nowhere.example"),
        ],
    ),
    (
        "client",
        |it, two| it.client_limit = two,
        [
            ("a", "2001:db8:1:2::1", "ann@example.com"),
            ("b", "2001:db8:1:2:3::", "bob@example.com"),
            ("c", "2001:db8:1:2:ffff::1", "dan@example.com"),
            ("a", "2001:db8:1:3::1", "eve@example.com"),
        ],
    ),
    (
        "IPv6 network",
        |it, two| it.network_limit = two,
        [
            ("a", "2001:db8:1:1::1", "ann@example.com"),
            ("b", "2001:db8:1:2::1", "bob@example.com"),
            ("c", "2001:db8:1:3::1", "dan@example.com"),
            ("a", "2001:db8:2:1::1", "eve@example.com"),
        ],
    ),
    (
        "IPv4 network",
        |it, two| it.network_limit = two,
        [
            ("a", "203.0.113.1", "ann@example.com"),
            ("b", "203.0.113.2", "bob@example.com"),
            ("c", "203.0.113.3", "dan@example.com"),
            ("a", "203.0.114.1", "eve@example.com"),
        ],
    ),
    (
        "site",
        |it, two| it.site_limit = two,
        [
            ("a", "203.0.113.1", "ann@example.com"),
            ("a", "198.51.100.1", "bob@example.com"),
            ("a", "192.0.2.1", "dan@example.com"),
            ("b", "203.0.113.1", "ann@example.com"),
        ],
    ),
    (
        "all",
        |it, two| it.total_limit = two,
        [
            ("a", "203.0.113.1", "ann@example.com"),
            ("b", "198.51.100.1", "bob@example.com"),
            ("c", "192.0.2.1", "dan@example.com"),
            ("", "", ""),
        ],
    ),
];

#[tokio::test]
async fn each_limit_counts_what_it_is_for() {
    for (what, narrow, requests) in ROWS {
        let mut world = World::in_memory();
        narrow(&mut world.terms, limit("2/1h"));
        let end = world.clock.now().after(HOUR);
        for (n, (site, client, who)) in requests.into_iter().enumerate() {
            if site.is_empty() {
                continue;
            }
            let refused = until(ask(&world, site, client, who).await);
            assert_eq!(refused, (n == 2).then_some(end), "{what}: request {n}");
        }
        world.clock.pass(HOUR);
        let (site, client, who) = requests[2];
        assert_eq!(until(ask(&world, site, client, who).await), None, "{what}: an hour later");
    }
}

#[tokio::test]
async fn what_is_refused_counts_nowhere() {
    let mut world = World::in_memory();
    world.terms.email_limit = limit("1/1h");
    world.terms.total_limit = limit("3/1h");
    assert_eq!(until(ask(&world, "a", "203.0.113.1", ANN).await), None);
    for _ in 0..10 {
        assert!(until(ask(&world, "a", "203.0.113.1", ANN).await).is_some());
    }
    assert_eq!(until(ask(&world, "a", "203.0.113.1", BOB).await), None);
    assert_eq!(until(ask(&world, "a", "203.0.113.1", "dan@example.com").await), None);
    assert!(until(ask(&world, "a", "203.0.113.1", "eve@example.com").await).is_some());
}

#[tokio::test]
async fn resend_and_fresh_link_are_counted_like_the_form() {
    let mut world = World::in_memory();
    world.terms.email_limit = limit("3/1h");
    let (browser, job) = world.mailed(ANN, None).await;
    world.clock.pass(10 * MINUTE);
    let resend = async || {
        let asker = world.asker(Some(&browser));
        world.at(async |gate, place| gate.resend(place, asker).await).await
    };
    let link = world.link(&job);
    let fresh = async || {
        let asker = world.asker(None);
        world.at(async |gate, place| gate.fresh_link(place, asker, &link).await).await
    };
    let end = world.clock.now().before(10 * MINUTE).after(HOUR);
    assert_eq!(until(resend().await), None);
    assert_eq!(until(fresh().await), None);
    world.clock.pass(10 * MINUTE);
    assert_eq!(until(fresh().await), Some(end));
    assert_eq!(until(resend().await), Some(end));
    assert_eq!(until(world.ask(ANN, None).await), Some(end));
}

#[tokio::test]
async fn no_stranger_locks_out_who_has_signed_in_before() {
    let mut world = World::in_memory();
    world.terms.email_limit = limit("3/1h");
    let device = world.signed_in(ANN, None).await.device.clone();
    world.terms.total_limit = limit("2/1h");
    world.clock.pass(HOUR);
    let with = |device: &Device| Asker { device: Some(device.clone()), ..world.asker(None) };
    for n in 0..20 {
        drop(ask(&world, "wiki", &format!("203.0.{n}.1"), ANN).await);
    }
    assert!(until(world.ask(ANN, None).await).is_some(), "all is used up for strangers");
    assert!(until(world.ask(BOB, None).await).is_some());
    for _ in 0..3 {
        assert_eq!(until(world.ask_as(ANN, with(&device)).await), None);
    }
    let end = world.clock.now().after(HOUR);
    assert_eq!(until(world.ask_as(ANN, with(&device)).await), Some(end), "and has an own limit");
    // The browser is known for one person, and says nothing about another.
    assert!(until(world.ask_as(BOB, with(&device)).await).is_some());
    // A spelling that reaches the same mailbox is another identity.
    assert!(until(world.ask_as("ann+1@example.com", with(&device)).await).is_some());
    // A cookie that anybody can make up opens no count.
    for n in 0..9u8 {
        let forged = Device::mint([n; 16]);
        assert!(until(world.ask_as(ANN, with(&forged)).await).is_some());
    }
}

/// Whoever owns a mailbox makes known browsers as they like: each sign-in without the cookie is one,
/// and each of these may ask for the mails that make three more.
#[tokio::test]
async fn known_browsers_do_not_multiply_the_mails() {
    let mut world = World::in_memory();
    world.terms.email_limit = limit("3/1h");
    let with = |device: &Device| Asker { device: Some(device.clone()), ..world.asker(None) };
    let mut devices = vec![world.signed_in(ANN, None).await.device.clone()];
    let (mut mails, mut next) = (0, 0);
    while next < devices.len() && mails < 100 {
        let Ok(asked) = world.ask_as(ANN, with(&devices[next])).await else {
            next += 1;
            continue;
        };
        mails += 1;
        let job = world.mails().await.remove(0);
        let (link, client) = (world.link(&job), client());
        let opened = world.open(&link, caller(&client, Some(&asked.browser), None)).await;
        let Opened::SignedIn(it) = opened else { panic!("not in") };
        devices.push(it.device.clone());
    }
    assert_eq!(mails, 12, "what four browsers may ask for");
    world.clock.pass(HOUR);
    assert_eq!(until(world.ask_as(ANN, with(&devices[5])).await), None);
}

#[tokio::test]
async fn a_browser_remembers_everybody_who_signed_in_with_it() {
    let world = World::in_memory();
    let key = &world.gate.keys().device;
    let first = world.signed_in(ANN, None).await.device.clone();
    assert!(first.knows(key, ANN).is_some() && first.knows(key, BOB).is_none());
    let second = world.signed_in(BOB, Some(&first)).await.device.clone();
    assert!(second.knows(key, ANN).is_some() && second.knows(key, BOB).is_some());
    let other = world.signed_in(ANN, None).await.device.clone();
    assert_ne!(other.limit_key(ANN), first.limit_key(ANN), "another browser");
    assert_eq!(second.limit_key(ANN), first.limit_key(ANN), "the same browser");
}
