//! Known people.

use std::sync::Arc;

use linkgate::domain::account::{Account, AccountOrigin};
use linkgate::domain::attempt::State;
use linkgate::domain::email::EmailAddress;
use linkgate::domain::limit::PersonKey;
use linkgate::domain::time::UnixMillis;
use linkgate::ports::{
    AccountChange, AccountChanged, AccountForgotten, AccountFound, AccountStep, NewSession,
    Settled, Settlement, Store,
};
use tokio::sync::Barrier;

use super::world::{
    ANN, BOB, NOW, SESSION_LIFETIME, World, link, session, session_digest, settle_with,
};

fn account(address: &str) -> Account {
    let email = EmailAddress::parse(address).unwrap();
    let account = Account::new(email, AccountOrigin::Added, NOW);
    let groups = ["staff", "admins"].iter().map(|name| name.parse().unwrap()).collect();
    Account { name: Some("Ann Ó Briain".parse().unwrap()), groups, ..account }
}

async fn put(
    store: &dyn Store,
    person: PersonKey,
    from: Option<&Account>,
    to: Option<&Account>,
) -> AccountChanged {
    let from = from.map(|account| account.revision);
    store
        .change_account(AccountChange { person, from, to, ends_sessions: to.is_none() })
        .await
        .unwrap()
}

async fn found(store: &dyn Store, person: PersonKey) -> Option<Account> {
    match store.account(person).await.unwrap() {
        AccountFound::Nothing => None,
        AccountFound::Account(account) => Some(Arc::unwrap_or_clone(account)),
        AccountFound::Unreadable => panic!("it was written by this store"),
    }
}

fn done(changed: &AccountChanged) -> bool {
    matches!(changed, AccountChanged::Done { .. })
}

pub(super) async fn an_account_is_found_as_it_was_made(world: World) {
    let (store, ann) = (&*world.store, account("Ann.Smith@example.com"));
    assert_eq!(found(store, ANN).await, None);
    assert_eq!(put(store, ANN, None, Some(&ann)).await, AccountChanged::Done { ended: vec![] });
    assert_eq!(found(store, ANN).await.as_ref(), Some(&ann));
    assert_eq!(found(store, BOB).await, None);
    let suspended = Account::suspended(Some(&ann), &ann.email, NOW);
    assert!(done(&put(store, ANN, Some(&ann), Some(&suspended)).await));
    assert_eq!(found(store, ANN).await.as_ref(), Some(&suspended));
    assert!(done(&put(store, ANN, Some(&suspended), None).await));
    assert_eq!(found(store, ANN).await, None);
    assert_eq!(store.accounts(None, 10).await.unwrap(), []);
    assert_eq!(world.signed_in(1, ANN).await, session_digest(1), "gone, and so not suspended");
}

pub(super) async fn a_change_of_what_has_changed_meanwhile_is_refused(world: World) {
    let (store, ann) = (&*world.store, account("ann@example.com"));
    let newer = ann.clone().changed();
    assert_eq!(put(store, ANN, Some(&ann), Some(&newer)).await, AccountChanged::Stale, "not there");
    assert!(done(&put(store, ANN, None, Some(&ann)).await));
    assert_eq!(put(store, ANN, None, Some(&ann)).await, AccountChanged::Stale, "there already");
    assert!(done(&put(store, ANN, Some(&ann), Some(&newer)).await));
    let session = world.signed_in(1, ANN).await;
    let suspended = Account::suspended(Some(&ann), &ann.email, NOW);
    assert_eq!(put(store, ANN, Some(&ann), Some(&suspended)).await, AccountChanged::Stale);
    assert_eq!(put(store, ANN, Some(&ann), None).await, AccountChanged::Stale);
    assert_eq!(found(store, ANN).await, Some(newer));
    assert!(store.session(session).await.unwrap().is_some(), "nothing was changed");
}

pub(super) async fn suspending_ends_the_persons_sessions_and_no_others(world: World) {
    let store = &*world.store;
    let mut mine = vec![world.signed_in(1, ANN).await, world.signed_in(2, ANN).await];
    let bobs = world.signed_in(3, BOB).await;
    let ann = Account::suspended(None, &account("ann@example.com").email, NOW);
    let AccountChanged::Done { mut ended } = put(store, ANN, None, Some(&ann)).await else {
        panic!("refused");
    };
    ended.sort_by_key(|digest| *digest.as_bytes());
    mine.sort_by_key(|digest| *digest.as_bytes());
    assert_eq!(ended, mine);
    for digest in mine {
        assert_eq!(store.session(digest).await.unwrap(), None);
    }
    assert_eq!(store.sessions_of(ANN, NOW).await.unwrap(), []);
    assert!(store.session(bobs).await.unwrap().is_some());
    // A change that says so ends them, too; an active account ends nothing by itself.
    let bob = account("bob@example.com");
    assert_eq!(put(store, BOB, None, Some(&bob)).await, AccountChanged::Done { ended: vec![] });
    assert!(store.session(bobs).await.unwrap().is_some());
    assert_eq!(put(store, BOB, Some(&bob), None).await, AccountChanged::Done { ended: vec![bobs] });
    assert_eq!(store.session(bobs).await.unwrap(), None);
}

/// Also when it was looked at before, and lies beside the session by now.
pub(super) async fn the_account_of_a_session_is_what_is_stored_now(world: World) {
    let store = &*world.store;
    let digest = world.signed_in(1, ANN).await;
    let known = store.session(digest).await.unwrap().expect("it is there");
    let is = async |wanted: Option<&Account>| {
        for _ in 0..3 {
            let found = match store.account_of(&known, &|| ANN).await.unwrap() {
                AccountFound::Nothing => None,
                AccountFound::Account(account) => Some(account),
                AccountFound::Unreadable => panic!("it was written by this store"),
            };
            assert_eq!(found.as_deref(), wanted);
        }
    };
    is(None).await;
    let ann = account("ann@example.com");
    assert!(done(&put(store, ANN, None, Some(&ann)).await));
    is(Some(&ann)).await;
    let suspended = Account::suspended(Some(&ann), &ann.email, NOW);
    assert!(done(&put(store, ANN, Some(&ann), Some(&suspended)).await));
    is(Some(&suspended)).await;
    assert!(store.forget_account(ANN).await.unwrap().was_there);
    is(None).await;
}

pub(super) async fn nobody_signs_in_while_suspended(world: World) {
    let (store, ann) = (&*world.store, account("ann@example.com"));
    let suspended = Account::suspended(Some(&ann), &ann.email, NOW);
    assert!(done(&put(store, ANN, None, Some(&suspended)).await));
    world.begin(1, 1, ANN, NOW).await;
    assert_eq!(world.settle(1, 1, ANN).await, Settled::Barred);
    assert_eq!(world.state(1).await, State::Live, "nothing was changed");
    assert_eq!(store.session(session_digest(1)).await.unwrap(), None);
    assert_eq!(store.sessions_of(ANN, NOW).await.unwrap(), []);
    let resumed = suspended.resumed().unwrap();
    assert!(done(&put(store, ANN, Some(&suspended), Some(&resumed)).await));
    assert_eq!(world.settle(1, 1, ANN).await, Settled::Done);
    // Without a session there is nobody to bar: a report ends the attempt all the same.
    assert!(done(
        &put(
            store,
            ANN,
            Some(&resumed),
            Some(&Account::suspended(Some(&resumed), &ann.email, NOW))
        )
        .await
    ));
    world.begin(2, 2, ANN, NOW).await;
    let (from, to) = (State::Live, State::Ended { at: NOW });
    let keep_until = NOW.after(SESSION_LIFETIME);
    let ending = Settlement { from, to, session: None, mail: None, keep_until, now: NOW };
    assert_eq!(store.settle(link(2), &ending).await.unwrap(), Settled::Done);
}

async fn register(store: &dyn Store, n: u32, person: PersonKey, account: &Account) -> Settled {
    enter(store, n, person, AccountStep::Registers(account)).await
}

/// Settles attempt `n` with session `n`.
async fn enter(store: &dyn Store, n: u32, person: PersonKey, account: AccountStep<'_>) -> Settled {
    let (digest, session) = (session_digest(n), session(NOW));
    let session = &session;
    let settlement = Settlement {
        from: State::Live,
        to: State::Used { session: digest, at: NOW },
        session: Some(NewSession { digest, session, person, replaces: None, account }),
        mail: None,
        keep_until: NOW.after(SESSION_LIFETIME),
        now: NOW,
    };
    store.settle(link(n), &settlement).await.unwrap()
}

/// As a sign-in that sets a password does.
fn judged<'a>(
    was: Option<&Account>,
    to: Option<&'a Account>,
    ends_others: bool,
) -> AccountStep<'a> {
    AccountStep::Judged { revision: was.map(|account| account.revision), to, ends_others }
}

pub(super) async fn a_sign_in_that_changes_the_account_changes_the_one_that_was_judged(
    world: World,
) {
    let (store, ann) = (&*world.store, account("ann@example.com"));
    for n in 1..=6 {
        world.begin(n, n, ANN, NOW).await;
    }
    let newer = ann.clone().changed();
    // There is none, and one was judged; then the other way round; then another one.
    assert_eq!(enter(store, 1, ANN, judged(Some(&ann), None, false)).await, Settled::Changed);
    assert_eq!(enter(store, 1, ANN, judged(None, Some(&ann), false)).await, Settled::Done);
    assert_eq!(found(store, ANN).await.as_ref(), Some(&ann));
    assert_eq!(store.accounts(None, 9).await.unwrap(), [(ANN, ann.clone())]);
    for wrong in [judged(None, Some(&newer), true), judged(Some(&newer), None, true)] {
        assert_eq!(enter(store, 2, ANN, wrong).await, Settled::Changed);
    }
    assert_eq!(found(store, ANN).await.as_ref(), Some(&ann));
    assert_eq!((world.state(2).await, sessions(&world, ANN).await), (State::Live, vec![1]));
    assert_eq!(enter(store, 2, ANN, judged(Some(&ann), Some(&newer), false)).await, Settled::Done);
    assert_eq!(found(store, ANN).await.as_ref(), Some(&newer));
    assert_eq!(enter(store, 3, ANN, judged(Some(&newer), None, false)).await, Settled::Done);
    assert_eq!(found(store, ANN).await.as_ref(), Some(&newer), "as it was");
    let suspended = Account::suspended(Some(&newer), &newer.email, NOW);
    assert!(done(&put(store, ANN, Some(&newer), Some(&suspended)).await));
    let step = judged(Some(&suspended), Some(&newer), false);
    assert_eq!(enter(store, 4, ANN, step).await, Settled::Barred);
    assert_eq!(found(store, ANN).await, Some(suspended));
    assert_eq!(sessions(&world, ANN).await, Vec::<u32>::new());
}

/// The numbers of a person's sessions.
async fn sessions(world: &World, person: PersonKey) -> Vec<u32> {
    let found = world.store.sessions_of(person, NOW).await.unwrap();
    let is = |digest, n: &u32| session_digest(*n) == digest;
    let number = |(digest, _)| (1..100).find(|n| is(digest, n)).unwrap();
    let mut numbers: Vec<u32> = found.into_iter().map(number).collect();
    numbers.sort_unstable();
    numbers
}

pub(super) async fn the_other_sessions_end_in_the_step_that_says_so(world: World) {
    let store = &*world.store;
    for n in [1, 2] {
        world.signed_in(n, ANN).await;
    }
    world.signed_in(3, BOB).await;
    for n in [4, 5] {
        world.begin(n, n, ANN, NOW).await;
    }
    assert_eq!(enter(store, 4, ANN, judged(None, None, false)).await, Settled::Done);
    assert_eq!(sessions(&world, ANN).await, [1, 2, 4]);
    assert_eq!(enter(store, 5, ANN, judged(None, None, true)).await, Settled::Done);
    assert_eq!((sessions(&world, ANN).await, sessions(&world, BOB).await), (vec![5], vec![3]));
    for n in [1, 2, 4] {
        assert_eq!(store.session(session_digest(n)).await.unwrap(), None);
    }
    // An active account ends sessions when the change says so.
    let ann = account("ann@example.com");
    let change = AccountChange { person: ANN, from: None, to: Some(&ann), ends_sessions: true };
    let ended = AccountChanged::Done { ended: vec![session_digest(5)] };
    assert_eq!(store.change_account(change).await.unwrap(), ended);
    assert_eq!(sessions(&world, ANN).await, Vec::<u32>::new());
}

/// Of two that set a password at the same moment, one is the password.
pub(super) async fn of_all_that_change_one_account_by_signing_in_one_does(world: World) {
    let ann = account("ann@example.com");
    assert!(done(&put(&*world.store, ANN, None, Some(&ann)).await));
    for n in 1..=16 {
        world.begin(n, n, ANN, NOW).await;
    }
    let start = Arc::new(Barrier::new(16));
    let entering = (1..=16).map(|n| {
        let (store, start, ann) = (Arc::clone(&world.store), Arc::clone(&start), ann.clone());
        tokio::spawn(async move {
            let newer = ann.clone().changed();
            start.wait().await;
            enter(&*store, n, ANN, judged(Some(&ann), Some(&newer), true)).await
        })
    });
    let mut won = 0;
    for one in entering.collect::<Vec<_>>() {
        won += usize::from(one.await.unwrap() == Settled::Done);
    }
    assert_eq!((won, sessions(&world, ANN).await.len()), (1, 1));
}

pub(super) async fn registering_makes_an_account_once_and_changes_none(world: World) {
    let (store, ann) = (&*world.store, account("ann@example.com"));
    for n in [1, 2, 3] {
        world.begin(n, n, ANN, NOW).await;
    }
    assert_eq!(register(store, 1, ANN, &ann).await, Settled::Done);
    assert_eq!(found(store, ANN).await.as_ref(), Some(&ann));
    assert_eq!(store.accounts(None, 9).await.unwrap(), [(ANN, ann.clone())]);
    let other = Account { name: None, ..ann.clone().changed() };
    assert_eq!(register(store, 2, ANN, &other).await, Settled::Done);
    assert_eq!(found(store, ANN).await.as_ref(), Some(&ann), "as it was");
    let suspended = Account::suspended(Some(&ann), &ann.email, NOW);
    assert!(done(&put(store, ANN, Some(&ann), Some(&suspended)).await));
    assert_eq!(register(store, 3, ANN, &ann).await, Settled::Barred);
    assert_eq!(found(store, ANN).await, Some(suspended));
    // Who loses the race for the attempt registers nobody.
    assert_eq!(register(store, 1, BOB, &ann).await, Settled::Changed);
    assert_eq!(found(store, BOB).await, None);
}

pub(super) async fn pages_of_the_list_are_whole_and_end(world: World) {
    let store = &*world.store;
    for n in 0..7_u8 {
        let person = PersonKey([n; 32]);
        let account = account(&format!("p{n}@example.com"));
        assert!(done(&put(store, person, None, Some(&account)).await));
    }
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.accounts(after, 3).await.unwrap();
        assert!(page.len() <= 3);
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        all.extend(page);
    }
    let addresses: Vec<_> = all.iter().map(|(_, it)| it.email.identity().to_owned()).collect();
    let expected: Vec<_> = (0..7).map(|n| format!("p{n}@example.com")).collect();
    assert_eq!(addresses, expected);
}

/// Of all sign-ins that race a suspension, each is ended by it or refused because of it.
pub(super) async fn no_session_outlives_a_suspension_that_races_it(world: World) {
    let ann = account("ann@example.com");
    let mut refused = 0;
    // On a busy machine all of them may come before the suspension, round after round.
    for round in 0..1000_u32 {
        if round >= 30 && refused > 0 {
            break;
        }
        let numbers: Vec<u32> = (round * 20..round * 20 + 16).collect();
        for n in &numbers {
            world.begin(*n, *n, ANN, NOW).await;
        }
        let suspended = Account::suspended(None, &ann.email, UnixMillis(NOW.0 + u64::from(round)));
        let start = Arc::new(Barrier::new(numbers.len() + 1));
        let settling = numbers.iter().map(|n| {
            let (store, start, n) = (Arc::clone(&world.store), Arc::clone(&start), *n);
            tokio::spawn(async move {
                start.wait().await;
                settle_with(&*store, n, n, ANN, None).await
            })
        });
        let settling: Vec<_> = settling.collect();
        start.wait().await;
        assert!(done(&put(&*world.store, ANN, None, Some(&suspended)).await));
        for settled in settling {
            refused += usize::from(settled.await.unwrap() == Settled::Barred);
        }
        assert_eq!(world.store.sessions_of(ANN, NOW).await.unwrap(), [], "round {round}");
        for n in numbers {
            assert_eq!(world.store.session(session_digest(n)).await.unwrap(), None);
        }
        assert!(done(&put(&*world.store, ANN, Some(&suspended), None).await));
    }
    assert!(refused > 0, "some came after the suspension");
}

pub(super) async fn a_forgotten_account_takes_its_sessions_along(world: World) {
    let (store, ann) = (&*world.store, account("ann@example.com"));
    assert!(done(&put(store, ANN, None, Some(&ann)).await));
    let (anns, bobs) = (world.signed_in(1, ANN).await, world.signed_in(2, BOB).await);
    let forgotten = store.forget_account(ANN).await.unwrap();
    assert_eq!(forgotten, AccountForgotten { was_there: true, ended: vec![anns] });
    assert_eq!(found(store, ANN).await, None);
    assert_eq!(store.session(anns).await.unwrap(), None);
    assert_eq!(store.accounts(None, 9).await.unwrap(), []);
    assert!(store.session(bobs).await.unwrap().is_some());
    let nothing = AccountForgotten { was_there: false, ended: vec![] };
    assert_eq!(store.forget_account(ANN).await.unwrap(), nothing);
}
