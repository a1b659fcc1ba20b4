//! The audit record.

use std::time::Duration;

use linkgate::domain::event::{Erasure, Event, EventFilter, EventId, MailNews, What};
use linkgate::domain::limit::PersonKey;
use linkgate::domain::time::UnixMillis;
use linkgate::ports::{EventQuery, Order, Store, Stored};

use super::world::{ANN, BOB, NOW, World, mail};
use crate::audit::samples;

const MINUTE: Duration = Duration::from_secs(60);
const BOTH: [Order; 2] = [Order::OldestFirst, Order::NewestFirst];

fn of_ann(number: u16, at: UnixMillis, what: What) -> Event {
    samples::event(at, number, Some((ANN, "ann@example.com")), what)
}

fn of_bob(number: u16, at: UnixMillis, what: What) -> Event {
    samples::event(at, number, Some((BOB, "bob@example.com")), what)
}

fn of_nobody(number: u16, at: UnixMillis, what: What) -> Event {
    Event { site: None, ..samples::event(at, number, None, what) }
}

fn later(millis: u64) -> UnixMillis {
    NOW.after(Duration::from_millis(millis))
}

/// All pages, one after the other.
async fn read(store: &dyn Store, filter: &EventFilter, order: Order, most: usize) -> Vec<Event> {
    let (mut found, mut after) = (Vec::new(), None);
    for _ in 0..1000 {
        let query = EventQuery { filter, order, after, most };
        let page = store.events(&query).await.unwrap();
        assert!(page.events.len() <= most);
        found.extend(page.events);
        match page.next {
            None => return found,
            next => after = next,
        }
    }
    panic!("the pages do not end");
}

/// Erases what happened so far.
async fn erase(world: &World, person: PersonKey) -> Stored<u64> {
    let erasure = Erasure { person, until: NOW, keep_until: later(60_000) };
    world.store.erase(&erasure, NOW).await
}

/// What is found in either order, which is the same.
async fn wanted(world: &World, filter: &EventFilter, most: usize) -> Vec<Event> {
    let [oldest, mut newest] = [
        read(&*world.store, filter, BOTH[0], most).await,
        read(&*world.store, filter, BOTH[1], most).await,
    ];
    newest.reverse();
    assert_eq!(oldest, newest);
    oldest
}

pub(super) async fn events_are_read_in_the_order_of_time_page_by_page(world: World) {
    let all = EventFilter::default();
    assert_eq!(wanted(&world, &all, 10).await, []);
    let mut events: Vec<Event> = samples::all()
        .into_iter()
        .enumerate()
        .map(|(number, what)| {
            let number = u16::try_from(number).unwrap();
            // Several in one millisecond, and one of nobody now and then.
            let at = later(u64::from(number / 3));
            if number % 5 == 0 { of_nobody(number, at, what) } else { of_ann(number, at, what) }
        })
        .collect();
    // They need not come in order.
    let (first, second) = events.split_at(events.len() / 2);
    world.store.append(second).await.unwrap();
    world.store.append(first).await.unwrap();
    for most in [1, 7, 1000] {
        assert_eq!(wanted(&world, &all, most).await, events);
    }
    let ann = EventFilter { person: Some(ANN), ..all };
    events.retain(|event| event.person() == Some(ANN));
    for most in [1, 7, 1000] {
        assert_eq!(wanted(&world, &ann, most).await, events);
    }
}

pub(super) async fn an_event_is_there_once_and_appending_changes_none(world: World) {
    let event = of_ann(1, NOW, What::Reported);
    world.store.append(&[event.clone(), event.clone()]).await.unwrap();
    world.store.append(std::slice::from_ref(&event)).await.unwrap();
    world.store.append(&[]).await.unwrap();
    let all = EventFilter::default();
    assert_eq!(wanted(&world, &all, 10).await, std::slice::from_ref(&event));
    assert_eq!(erase(&world, ANN).await.unwrap(), 1);
    // A second try of a write whose answer was lost.
    world.store.append(std::slice::from_ref(&event)).await.unwrap();
    assert_eq!(wanted(&world, &all, 10).await, [event.erased()]);
}

pub(super) async fn events_that_come_again_among_new_ones_are_there_once(world: World) {
    let of = |number: u16| match number % 3 {
        0 => of_nobody(number, later(u64::from(number) / 2), What::Reported),
        1 => of_bob(number, later(u64::from(number) / 2), What::CodeUsed),
        _ => of_ann(number, later(u64::from(number) / 2), What::CodeUsed),
    };
    let events: Vec<Event> = (0..600).map(of).collect();
    // One in two is there; what comes then lies before, between, and after it, or is the same.
    let there: Vec<_> = events[100..500].iter().step_by(2).cloned().collect();
    world.store.append(&there).await.unwrap();
    world.store.append(&events).await.unwrap();
    world.store.append(&events[480..]).await.unwrap();
    let all = EventFilter::default();
    assert_eq!(wanted(&world, &all, 1000).await, events);
    let bob = EventFilter { person: Some(BOB), ..all };
    let of_bob: Vec<_> = events.iter().filter(|it| it.person() == Some(BOB)).cloned().collect();
    assert_eq!(wanted(&world, &bob, 1000).await, of_bob);
}

pub(super) async fn a_filter_is_kept_on_every_page(world: World) {
    let mut events = Vec::new();
    for number in 0..60 {
        let what = if number % 3 == 0 { What::Reported } else { What::CodeUsed };
        let at = later(u64::from(number) * 10);
        let event = match number % 4 {
            0 => of_nobody(number, at, what),
            1 => of_bob(number, at, what),
            _ => of_ann(number, at, what),
        };
        let site = if number % 2 == 0 { "wiki" } else { "shop" };
        events.push(Event { site: Some(site.into()), ..event });
    }
    world.store.append(&events).await.unwrap();
    let name = |name: &str| vec![name.parse().unwrap()];
    for filter in [
        EventFilter { person: Some(BOB), ..EventFilter::default() },
        EventFilter { names: name("reported"), ..EventFilter::default() },
        EventFilter { names: name("link_asked"), ..EventFilter::default() },
        EventFilter { site: Some("shop".into()), ..EventFilter::default() },
        EventFilter { since: Some(later(205)), ..EventFilter::default() },
        EventFilter { since: Some(later(200)), until: Some(later(400)), ..EventFilter::default() },
        EventFilter { until: Some(NOW), ..EventFilter::default() },
        EventFilter { since: Some(later(400)), until: Some(later(400)), ..EventFilter::default() },
        EventFilter { since: Some(later(500)), until: Some(later(400)), ..EventFilter::default() },
        EventFilter {
            person: Some(ANN),
            names: name("code_used"),
            site: Some("wiki".into()),
            since: Some(later(100)),
            until: Some(later(500)),
        },
        EventFilter { person: Some(PersonKey([1; 32])), ..EventFilter::default() },
    ] {
        let expected: Vec<_> = events.iter().filter(|it| filter.wants(it)).cloned().collect();
        for most in [1, 4, 100] {
            assert_eq!(wanted(&world, &filter, most).await, expected, "{filter:?}");
        }
    }
}

pub(super) async fn what_is_rare_is_found_among_much(world: World) {
    let mut events: Vec<Event> =
        (0..2500).map(|number| of_bob(number, later(u64::from(number)), What::CodeUsed)).collect();
    events.insert(1500, of_ann(9000, later(1500), What::Reported));
    for part in events.chunks(700) {
        world.store.append(part).await.unwrap();
    }
    let reported =
        EventFilter { names: vec!["reported".parse().unwrap()], ..EventFilter::default() };
    assert_eq!(wanted(&world, &reported, 10).await, [events[1500].clone()]);
    assert_eq!(wanted(&world, &EventFilter::default(), 999).await.len(), 2501);
}

pub(super) async fn erasing_leaves_the_keyed_hash_and_touches_nobody_else(world: World) {
    let mut events = Vec::new();
    for number in 0..700 {
        let at = later(u64::from(number));
        events.push(match number % 7 {
            0 => of_bob(number, at, What::CodeUsed),
            1 => of_nobody(number, at, What::StoreLeft),
            _ => of_ann(number, at, What::CodeUsed),
        });
    }
    world.store.append(&events).await.unwrap();
    assert_eq!(erase(&world, ANN).await.unwrap(), 500);
    assert_eq!(erase(&world, ANN).await.unwrap(), 0, "nothing is left to erase");
    assert_eq!(erase(&world, PersonKey([1; 32])).await.unwrap(), 0);
    let erased: Vec<Event> = events
        .into_iter()
        .map(|event| if event.person() == Some(ANN) { event.erased() } else { event })
        .collect();
    assert_eq!(wanted(&world, &EventFilter::default(), 200).await, erased);
    let ann = EventFilter { person: Some(ANN), ..EventFilter::default() };
    assert_eq!(wanted(&world, &ann, 200).await.len(), 500, "they are still found by the hash");
}

/// What another process had in its memory still, and what becomes of a mail that was on its way.
pub(super) async fn what_comes_after_its_person_was_erased_leads_to_nobody(world: World) {
    let told = |number: u32| MailNews {
        mail: mail(number).id.to_hex().into(),
        tries: Some(1),
        after_ms: None,
        words: Some("250 ann@example.com".into()),
    };
    world.begin(1, 1, ANN, NOW).await;
    assert_eq!(erase(&world, ANN).await.unwrap(), 0);
    // Sooner than what is remembered, and so nothing.
    let sooner = Erasure { person: ANN, until: NOW.before(MINUTE), keep_until: later(1) };
    world.store.erase(&sooner, NOW).await.unwrap();
    let late = [
        of_ann(0, NOW.before(MINUTE), What::CodeUsed),
        of_ann(1, NOW, What::CodeUsed),
        of_ann(2, later(5), What::MailAccepted(told(9))),
    ];
    let good = [
        of_bob(3, NOW, What::CodeUsed),
        of_nobody(4, NOW, What::StoreLeft),
        of_ann(5, NOW, What::PersonErased { events: 0 }),
        of_ann(6, later(1), What::CodeUsed),
        of_ann(7, later(5), What::MailAccepted(told(1))),
    ];
    world.store.append(&[&late[..], &good].concat()).await.unwrap();
    // And once more, because the answer was lost.
    world.store.append(&late).await.unwrap();
    let mut expected: Vec<Event> = late.iter().map(Event::erased).chain(good).collect();
    expected.sort_by_key(|event| event.id);
    assert_eq!(wanted(&world, &EventFilter::default(), 100).await, expected);
    let ann = EventFilter { person: Some(ANN), ..EventFilter::default() };
    assert_eq!(wanted(&world, &ann, 100).await.len(), 6, "they are found by the hash");
}

pub(super) async fn what_is_older_than_a_moment_is_removed_with_its_index(world: World) {
    let store = &*world.store;
    let events: Vec<Event> = (0..600)
        .map(|number| of_ann(number, later(u64::from(number)), What::CodeUsed))
        .chain([of_bob(700, later(550), What::CodeUsed)])
        .collect();
    store.append(&events).await.unwrap();
    assert_eq!(store.trim(NOW).await.unwrap(), 0);
    assert_eq!(store.trim(later(550)).await.unwrap(), 550);
    let left = wanted(&world, &EventFilter::default(), 100).await;
    assert_eq!(left.len(), 51);
    assert!(left.iter().all(|event| event.at >= later(550)));
    let ann = EventFilter { person: Some(ANN), ..EventFilter::default() };
    assert_eq!(wanted(&world, &ann, 100).await.len(), 50);
    // A page that was begun before goes on where it was.
    let after = Some(EventId::first_at(later(100)));
    let query = EventQuery { filter: &ann, order: Order::OldestFirst, after, most: 1 };
    assert_eq!(store.events(&query).await.unwrap().events[0].at, later(550));
    assert_eq!(store.trim(later(600)).await.unwrap(), 51);
    assert_eq!(wanted(&world, &ann, 100).await, []);
    assert_eq!(wanted(&world, &EventFilter::default(), 100).await, []);
    super::raw_redis::holds_no_events(&world).await;
}
