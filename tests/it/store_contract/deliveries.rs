//! The records of mails.

use std::sync::Arc;
use std::time::Duration;

use linkgate::domain::attempt::State;
use linkgate::domain::delivery::{
    Delivery, DeliveryState, News, Noted, Progress, Reference, RelayWords, Suppression,
};
use linkgate::domain::limit::PersonKey;
use linkgate::domain::time::UnixMillis;
use linkgate::ports::{QueuedMail, Settled, Settlement};

use super::world::{
    ANN, BOB, HISTORY, LIFETIME, NOW, World, accepted, link, mail, retrying, settle_with,
};

const LEASE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

fn later(seconds: u64) -> UnixMillis {
    NOW.after(Duration::from_secs(seconds))
}

fn news(state: DeliveryState, seconds: u64) -> News {
    News::new(state, later(seconds))
}

impl World {
    async fn record(&self, n: u32) -> Delivery {
        self.store.delivery(mail(n).id).await.unwrap().expect("a record")
    }

    async fn note(&self, n: u32, news: &News) -> Noted {
        self.store.note(mail(n).id, news, news.at).await.unwrap()
    }

    async fn mail_state(&self, n: u32) -> DeliveryState {
        self.record(n).await.progress.state
    }

    /// The numbers of the mails in some states.
    async fn listed(&self, states: &[DeliveryState], most: usize) -> Vec<u32> {
        numbers(self.store.deliveries(states, most, NOW).await.unwrap())
    }

    async fn count(&self, state: DeliveryState) -> u64 {
        self.store.delivery_counts(NOW).await.unwrap()[state as usize]
    }
}

fn numbers(found: Vec<Delivery>) -> Vec<u32> {
    found.iter().map(|it| u32::from_be_bytes(it.id.0[12..].try_into().unwrap())).collect()
}

fn as_begun(mail: QueuedMail) -> Delivery {
    let QueuedMail { id, person, to, facts, keep_until, .. } = mail;
    let progress = Progress::begun(facts.queued_at);
    Delivery { id, person, to, facts, progress, keep_until }
}

pub(super) async fn a_record_begins_with_its_mail(world: World) {
    let store = &world.store;
    assert_eq!(store.delivery(mail(1).id).await.unwrap(), None);
    world.begin(1, 1, ANN, NOW).await;
    let record = world.record(1).await;
    assert_eq!(record, as_begun(mail(1)));
    assert_eq!(record.to.spelling(), "Ann@example.com");
    let notice = QueuedMail { person: BOB, ..mail(2) };
    let settlement = Settlement {
        from: State::Live,
        to: State::Ended { at: NOW },
        session: None,
        mail: Some(&notice),
        keep_until: NOW.after(LIFETIME),
        now: NOW,
    };
    assert_eq!(store.settle(link(1), &settlement).await.unwrap(), Settled::Done);
    assert_eq!(world.record(2).await, as_begun(notice.clone()));
    // Whoever loses the race writes no mail, and no record of one.
    let late = mail(3);
    let settlement = Settlement { mail: Some(&late), ..settlement };
    assert_eq!(store.settle(link(1), &settlement).await.unwrap(), Settled::Changed);
    assert_eq!(store.delivery(late.id).await.unwrap(), None);
    assert_eq!(settle_with(&**store, 1, 1, ANN, None).await, Settled::Changed);
    assert_eq!(world.count(DeliveryState::Queued).await, 2);
}

pub(super) async fn each_step_of_a_mail_is_in_its_record(world: World) {
    let store = &world.store;
    world.begin(1, 1, ANN, NOW).await;
    assert_eq!(store.claim(1, LEASE, later(1)).await.unwrap().len(), 1);
    let mut expected = as_begun(mail(1)).progress;
    expected.take(&News { tries: 1, ..news(DeliveryState::Sending, 1) });
    assert_eq!(world.record(1).await.progress, expected);
    let words = RelayWords::new("451 4.3.2 come back later, \u{17e}");
    let retry = News { tries: 1, words, ..news(DeliveryState::Retrying, 2) };
    store.retry(mail(1).id, later(4), &retry, later(2)).await.unwrap();
    expected.take(&retry);
    assert_eq!(world.record(1).await.progress, expected);
    assert_eq!(store.claim(1, LEASE, later(4)).await.unwrap().len(), 1);
    expected.take(&News { tries: 2, ..news(DeliveryState::Sending, 4) });
    let record = world.record(1).await.progress;
    assert_eq!(record, expected);
    assert!(record.words.is_some(), "why it is tried again");
    let done = News {
        tries: 2,
        words: RelayWords::new("250 2.0.0 queued as 4F1"),
        reference: Reference::new("<4F1@relay.example>"),
        ..news(DeliveryState::Accepted, 5)
    };
    store.done(mail(1).id, &done, later(5)).await.unwrap();
    expected.take(&done);
    assert_eq!(world.record(1).await.progress, expected);
    assert_eq!(world.count(DeliveryState::Accepted).await, 1);
    // A worker that was slow changes nothing, and brings no mail back.
    store.retry(mail(1).id, NOW, &retry, later(6)).await.unwrap();
    assert_eq!(world.record(1).await.progress, expected);
    assert!(store.claim(9, LEASE, later(500)).await.unwrap().is_empty());
}

pub(super) async fn a_mail_that_expires_waiting_is_expired_unsent(world: World) {
    let store = &world.store;
    for n in 1..=3 {
        world.begin(n, n, ANN, NOW).await;
    }
    // The first is in somebody's hands at that moment.
    assert_eq!(store.claim(1, LIFETIME * 2, NOW).await.unwrap().len(), 1);
    let end = NOW.after(LIFETIME);
    assert!(store.claim(9, LEASE, end).await.unwrap().is_empty());
    store.sweep(NOW.after(LIFETIME * 3)).await.unwrap();
    assert_eq!(world.count(DeliveryState::ExpiredUnsent).await, 3);
    let handed_over = world.listed(&DeliveryState::ALL, 9).await[0];
    assert_eq!(world.note(handed_over, &news(DeliveryState::Accepted, 7)).await, Noted::Moved);
    assert_eq!(world.count(DeliveryState::ExpiredUnsent).await, 2, "it had left after all");
}

pub(super) async fn news_move_a_mail_forward_only(world: World) {
    use DeliveryState::{Accepted, Bounced, Delivered, Queued};
    assert_eq!(world.note(1, &news(Delivered, 1)).await, Noted::Unknown);
    assert_eq!(world.store.delivery(mail(1).id).await.unwrap(), None, "news make no record");
    world.begin(1, 1, ANN, NOW).await;
    for (one, noted, state) in [
        (news(Delivered, 1), Noted::Moved, Delivered),
        (news(Delivered, 2), Noted::Late, Delivered),
        (news(Accepted, 3), Noted::Late, Delivered),
        (news(Queued, 4), Noted::Late, Delivered),
        (news(Bounced, 5), Noted::Moved, Bounced),
        (news(Delivered, 6), Noted::Late, Bounced),
    ] {
        assert_eq!(world.note(1, &one).await, noted, "{one:?}");
        assert_eq!(world.mail_state(1).await, state, "{one:?}");
        for other in DeliveryState::ALL {
            assert_eq!(world.count(other).await, u64::from(other == state), "{other}");
        }
    }
    let moments = world.record(1).await.progress.moments;
    assert_eq!(moments[&Delivered], later(1), "the first time");
    assert_eq!(moments[&Accepted], later(3), "learnt of late");
}

pub(super) async fn whatever_order_news_come_in_the_end_is_the_same(world: World) {
    let all: Vec<News> = DeliveryState::ALL
        .map(|state| News {
            words: RelayWords::new(state.name()),
            tries: 1,
            ..news(state, state as u64)
        })
        .into();
    for (n, step) in [1, 5, 7, 11].into_iter().enumerate() {
        let n = u32::try_from(n).unwrap();
        world.begin(n, n, ANN, NOW).await;
        let mut expected = Progress::begun(NOW);
        for index in 0..all.len() {
            let one = &all[(index + 1) * step % all.len()];
            assert_eq!(world.note(n, one).await, expected.take(one), "{step}: {one:?}");
            assert_eq!(world.record(n).await.progress, expected, "{step}: {one:?}");
        }
        assert_eq!(expected.state, DeliveryState::Complained);
    }
}

pub(super) async fn of_many_that_write_at_once_the_farthest_stays(world: World) {
    world.begin(1, 1, ANN, NOW).await;
    let writing = (0..64_usize).map(|n| {
        let store = Arc::clone(&world.store);
        let one = news(DeliveryState::ALL[n % DeliveryState::ALL.len()], 1);
        tokio::spawn(async move { store.note(mail(1).id, &one, NOW).await.unwrap() })
    });
    for one in writing.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    assert_eq!(world.mail_state(1).await, DeliveryState::Complained);
    assert_eq!(world.listed(&DeliveryState::ALL, 99).await, [1], "in one list only");
}

pub(super) async fn a_mail_is_found_by_the_name_that_the_other_side_gave_it(world: World) {
    let store = &world.store;
    let reference = |text| Reference::new(text).unwrap();
    world.begin(1, 1, ANN, NOW).await;
    world.begin(2, 2, ANN, NOW).await;
    assert_eq!(store.mail_of(&reference("a")).await.unwrap(), None);
    let named = |name| News { reference: Reference::new(name), ..accepted() };
    store.done(mail(1).id, &named("a"), NOW).await.unwrap();
    // Learnt late, and still worth knowing.
    assert_eq!(world.note(2, &news(DeliveryState::Delivered, 1)).await, Noted::Moved);
    assert_eq!(world.note(2, &named("b")).await, Noted::Late);
    assert_eq!(world.note(2, &named("c")).await, Noted::Late);
    assert_eq!(store.mail_of(&reference("a")).await.unwrap(), Some(mail(1).id));
    assert_eq!(store.mail_of(&reference("b")).await.unwrap(), Some(mail(2).id));
    assert_eq!(store.mail_of(&reference("c")).await.unwrap(), None, "the first name stays");
    assert_eq!(world.record(2).await.progress.reference, Some(reference("b")));
}

pub(super) async fn lists_begin_with_the_newest(world: World) {
    for n in 1..=6_u32 {
        let keep_until = NOW.after(HISTORY).after(Duration::from_secs(u64::from(n)));
        let (attempt, mail) = (super::world::attempt(n), QueuedMail { keep_until, ..mail(n) });
        let person = if n == 6 { BOB } else { ANN };
        let beginning = linkgate::ports::Beginning {
            link: link(n),
            attempt: &attempt,
            person,
            mail: Some(&QueuedMail { person, ..mail }),
            keep_until: NOW.after(LIFETIME),
            replaces: true,
            now: NOW,
        };
        world.store.begin(&beginning).await.unwrap();
    }
    assert_eq!(world.note(2, &news(DeliveryState::Bounced, 1)).await, Noted::Moved);
    assert_eq!(world.note(4, &retrying()).await, Noted::Moved);
    assert_eq!(world.note(5, &accepted()).await, Noted::Moved);
    assert_eq!(world.listed(&DeliveryState::ALL, 99).await, [6, 5, 4, 3, 2, 1]);
    assert_eq!(world.listed(&DeliveryState::ALL, 2).await, [6, 5]);
    assert_eq!(world.listed(&DeliveryState::TROUBLE, 99).await, [4, 2]);
    assert_eq!(world.listed(&[DeliveryState::Queued], 2).await, [6, 3]);
    assert_eq!(world.listed(&[], 99).await, [0; 0]);
    let of = async |person: PersonKey, most| {
        numbers(world.store.deliveries_of(person, most, NOW).await.unwrap())
    };
    assert_eq!(of(ANN, 99).await, [5, 4, 3, 2, 1]);
    assert_eq!(of(ANN, 2).await, [5, 4]);
    assert_eq!(of(BOB, 99).await, [6]);
    assert_eq!(of(PersonKey([9; 32]), 99).await, [0; 0]);
    let first_is_over = NOW.after(HISTORY).after(Duration::from_secs(1));
    let listed = world.store.deliveries(&DeliveryState::ALL, 99, first_is_over).await.unwrap();
    assert_eq!(numbers(listed), [6, 5, 4, 3, 2], "what is over is not listed");
}

pub(super) async fn a_bounce_suppresses_the_person_once(world: World) {
    let store = &world.store;
    world.begin(1, 1, ANN, NOW).await;
    world.begin(2, 2, BOB, NOW).await;
    let until = NOW.after(DAY);
    let bounce = News { suppress_until: Some(until), ..news(DeliveryState::Bounced, 1) };
    assert_eq!(world.note(1, &bounce).await, Noted::Moved);
    let to = mail(1).to;
    let why = DeliveryState::Bounced;
    let expected = Suppression { person: ANN, to: to.clone(), why, since: later(1), until };
    assert_eq!(store.suppression(ANN, NOW).await.unwrap(), Some(expected.clone()));
    assert_eq!(store.suppression(ANN, until).await.unwrap(), None, "its time is over");
    assert_eq!(store.suppression(BOB, NOW).await.unwrap(), None);
    // Somebody lifts it, and the same message comes once more.
    assert!(store.lift_suppression(ANN).await.unwrap());
    assert!(!store.lift_suppression(ANN).await.unwrap());
    assert_eq!(world.note(1, &bounce).await, Noted::Late);
    assert_eq!(store.suppression(ANN, NOW).await.unwrap(), None, "once");

    store.suppress(&expected, NOW).await.unwrap();
    let shorter = Suppression { until: later(9), ..expected.clone() };
    store.suppress(&shorter, NOW).await.unwrap();
    assert_eq!(store.suppression(ANN, NOW).await.unwrap(), Some(expected.clone()), "no shorter");
    let bobs = Suppression { person: BOB, until: later(9), ..expected.clone() };
    store.suppress(&bobs, NOW).await.unwrap();
    let list = async |most, now| store.suppressions(most, now).await.unwrap();
    assert_eq!(list(9, NOW).await, [bobs.clone(), expected.clone()]);
    assert_eq!(list(1, NOW).await, [bobs]);
    assert_eq!(list(9, later(9)).await, [expected]);
}

pub(super) async fn mail_to_a_suppressed_person_is_marked_when_claimed(world: World) {
    let store = &world.store;
    world.begin(1, 1, ANN, NOW).await;
    world.begin(2, 2, BOB, NOW).await;
    let (person, to, why) = (ANN, mail(1).to, DeliveryState::Complained);
    let until = later(30);
    let suppression = Suppression { person, to, why, since: NOW, until };
    store.suppress(&suppression, NOW).await.unwrap();
    let claim = async |now| {
        let claimed = store.claim(9, Duration::from_secs(10), now).await.unwrap();
        let mut marks: Vec<_> = claimed.into_iter().map(|it| (it.id, it.suppressed)).collect();
        marks.sort();
        marks
    };
    assert_eq!(claim(NOW).await, [(mail(1).id, Some(why)), (mail(2).id, None)]);
    assert_eq!(claim(until).await, [(mail(1).id, None), (mail(2).id, None)]);
}

pub(super) async fn erasing_a_person_leaves_nothing_of_their_mails(world: World) {
    let store = &world.store;
    for n in 1..=3 {
        world.begin(n, n, ANN, NOW).await;
    }
    world.begin(4, 4, BOB, NOW).await;
    let named = News { reference: Reference::new("a"), ..accepted() };
    store.done(mail(1).id, &named, NOW).await.unwrap();
    let until = Some(NOW.after(DAY));
    let bounce = News { suppress_until: until, ..news(DeliveryState::Bounced, 1) };
    assert_eq!(world.note(2, &bounce).await, Noted::Moved);
    assert_eq!(store.erase_deliveries(ANN).await.unwrap(), 3);
    assert_eq!(store.erase_deliveries(ANN).await.unwrap(), 0);
    for n in 1..=3 {
        assert_eq!(store.delivery(mail(n).id).await.unwrap(), None);
        assert_eq!(world.note(n, &news(DeliveryState::Complained, 2)).await, Noted::Unknown);
    }
    assert_eq!(store.mail_of(&Reference::new("a").unwrap()).await.unwrap(), None);
    assert_eq!(store.suppressions(9, NOW).await.unwrap(), []);
    assert_eq!(store.deliveries_of(ANN, 9, NOW).await.unwrap(), []);
    assert_eq!(world.listed(&DeliveryState::ALL, 9).await, [4]);
    let claimed = store.claim(9, LEASE, NOW).await.unwrap();
    assert_eq!(claimed.iter().map(|it| it.id).collect::<Vec<_>>(), [mail(4).id], "none is sent");
}

pub(super) async fn records_leave_in_time(world: World) {
    let store = &world.store;
    world.begin(1, 1, ANN, NOW).await;
    store.done(mail(1).id, &accepted(), NOW).await.unwrap();
    let end = NOW.after(HISTORY);
    store.sweep(UnixMillis(end.0 - 1)).await.unwrap();
    let listed = async |now| store.deliveries(&DeliveryState::ALL, 9, now).await.unwrap().len();
    assert_eq!(listed(UnixMillis(end.0 - 1)).await, 1);
    assert_eq!(listed(end).await, 0);
    assert_eq!(store.deliveries_of(ANN, 9, end).await.unwrap(), []);
    assert_eq!(store.delivery_counts(end).await.unwrap().iter().sum::<u64>(), 0);
    assert!(store.sweep(end).await.unwrap() >= 1);
    assert_eq!(listed(NOW).await, 0, "and nothing leads to it");
}
