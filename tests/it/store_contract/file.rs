//! The file of the embedded store.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use linkgate::adapters::embedded::{Embedded, FILE_NAME, OpenError};
use linkgate::domain::account::{Account, AccountOrigin};
use linkgate::domain::attempt::Attempt;
use linkgate::domain::limit::{Limited, PersonKey, Verdict};
use linkgate::domain::signing::KeyRoster;
use linkgate::domain::token::Token;
use linkgate::domain::{secret::Secret, token::TokenKey};
use linkgate::ports::{
    AccountChange, AccountChanged, AccountFound, Beginning, QueuedMail, Settled,
};
use redb::{Database, Key, ReadableDatabase, ReadableTable, TableDefinition, TableHandle, Value};

use super::limits::hit;
use super::world::{
    ANN, LIFETIME, NOW, Place, SESSION_LIFETIME, World, attempt, browser, link, mail, retrying,
    session_digest,
};

type Digest = &'static [u8; 32];
type Pair = &'static [u8; 64];
const ATTEMPTS: TableDefinition<Digest, &[u8]> = TableDefinition::new("attempt");
const LATEST: TableDefinition<Digest, &[u8]> = TableDefinition::new("browser");
const OPEN: TableDefinition<Pair, &[u8]> = TableDefinition::new("browser-person");
const SESSIONS: TableDefinition<Digest, &[u8]> = TableDefinition::new("session");
const PEOPLE: TableDefinition<Pair, ()> = TableDefinition::new("person");
const ACCOUNTS: TableDefinition<Digest, &[u8]> = TableDefinition::new("account");
const TOKENS: TableDefinition<Digest, &[u8]> = TableDefinition::new("token");
const TOKEN_NAMES: TableDefinition<&str, &[u8]> = TableDefinition::new("token-name");
const LIMITS: TableDefinition<(&str, Digest), &[u8]> = TableDefinition::new("limit");
const MAILS: TableDefinition<&[u8; 16], &[u8]> = TableDefinition::new("mail");
const EVENTS: TableDefinition<&[u8; 16], &[u8]> = TableDefinition::new("event");
const PERSON_EVENTS: TableDefinition<&[u8; 48], ()> = TableDefinition::new("event-person");
const ERASED: TableDefinition<Digest, (u64, u64)> = TableDefinition::new("erased");
const DUE: TableDefinition<(u64, &[u8; 16]), ()> = TableDefinition::new("outbox");
const DELIVERIES: TableDefinition<&[u8; 16], &[u8]> = TableDefinition::new("delivery");
const DELIVERY_STATES: TableDefinition<(u8, u64, &[u8; 16]), ()> =
    TableDefinition::new("delivery-state");
const DELIVERIES_OF: TableDefinition<(Digest, u64, &[u8; 16]), ()> =
    TableDefinition::new("delivery-person");
const REFERENCES: TableDefinition<Digest, &[u8]> = TableDefinition::new("reference");
const SUPPRESSIONS: TableDefinition<Digest, &[u8]> = TableDefinition::new("suppression");
const SINGLES: TableDefinition<&str, &[u8]> = TableDefinition::new("single");
const DEADLINES: TableDefinition<(u64, u8, &[u8]), ()> = TableDefinition::new("deadline");

impl World {
    /// Closes the file and opens it again.
    fn reopened(self) -> Self {
        let folder = self.closed();
        let store = std::sync::Arc::new(Embedded::open(folder.path()).unwrap());
        Self { store, place: Place::Folder(folder) }
    }

    fn closed(self) -> tempfile::TempDir {
        drop(self.store);
        let Place::Folder(folder) = self.place else { panic!("this store has no file") };
        folder
    }
}

/// All keys of all tables.
fn all_keys(folder: &Path) -> Vec<(String, Vec<u8>)> {
    fn add<K: Key, V: Value>(
        database: &Database,
        table: TableDefinition<'_, K, V>,
        found: &mut Vec<(String, Vec<u8>)>,
    ) {
        let transaction = database.begin_read().unwrap();
        let opened = transaction.open_table(table).unwrap();
        for entry in opened.iter().unwrap() {
            let (key, _) = entry.unwrap();
            let key = K::as_bytes(&key.value()).as_ref().to_vec();
            found.push((table.name().to_owned(), key));
        }
    }
    let database = Database::open(folder.join(FILE_NAME)).unwrap();
    let mut found = Vec::new();
    add(&database, ATTEMPTS, &mut found);
    add(&database, LATEST, &mut found);
    add(&database, OPEN, &mut found);
    add(&database, SESSIONS, &mut found);
    add(&database, PEOPLE, &mut found);
    add(&database, ACCOUNTS, &mut found);
    add(&database, TOKENS, &mut found);
    add(&database, TOKEN_NAMES, &mut found);
    add(&database, LIMITS, &mut found);
    add(&database, MAILS, &mut found);
    add(&database, DUE, &mut found);
    add(&database, EVENTS, &mut found);
    add(&database, PERSON_EVENTS, &mut found);
    add(&database, ERASED, &mut found);
    add(&database, DELIVERIES, &mut found);
    add(&database, DELIVERY_STATES, &mut found);
    add(&database, DELIVERIES_OF, &mut found);
    add(&database, REFERENCES, &mut found);
    add(&database, SUPPRESSIONS, &mut found);
    add(&database, SINGLES, &mut found);
    add(&database, DEADLINES, &mut found);
    let tables = database.begin_read().unwrap().list_tables().unwrap().count();
    assert_eq!(tables, 21, "a table that this test does not know");
    found
}

#[tokio::test]
async fn everything_is_there_after_reopening() {
    let world = World::embedded();
    let session = world.signed_in(1, ANN).await;
    world.begin(2, 2, ANN, NOW).await;
    assert!(world.store.count_try(link(2), 5).await.unwrap());
    let hits = [hit(Limited::MailsToAddress, 1, "1/1h")];
    assert_eq!(world.store.hit(&hits, NOW).await.unwrap(), Verdict::Within);
    let roster = KeyRoster::initial().rotated(7, NOW).unwrap();
    assert!(world.store.replace_roster(&roster).await.unwrap());
    let world = world.reopened();
    assert_eq!(world.store.roster().await.unwrap(), roster);
    assert!(world.store.session(session).await.unwrap().is_some());
    assert_eq!(world.store.sessions_of(ANN, NOW).await.unwrap().len(), 1);
    let (latest, record) = world.store.latest(browser(2)).await.unwrap().unwrap();
    assert_eq!((latest, record.tries), (link(2), 1));
    assert!(matches!(world.store.hit(&hits, NOW).await.unwrap(), Verdict::Exceeded { .. }));
    assert_eq!(world.store.claim(9, LIFETIME, NOW).await.unwrap().len(), 2);
    assert_eq!(world.settle(2, 2, ANN).await, Settled::Done);
}

#[tokio::test]
async fn what_a_dead_process_had_claimed_is_due_at_once() {
    let world = World::embedded();
    for n in 0..3 {
        world.begin(n, n, ANN, NOW).await;
    }
    assert_eq!(world.store.claim(1, LIFETIME, NOW).await.unwrap().len(), 1);
    let given_back = world.store.claim(1, LIFETIME, NOW).await.unwrap();
    world.store.retry(given_back[0].id, NOW.after(LIFETIME), &retrying(), NOW).await.unwrap();
    let world = world.reopened();
    let claimed = world.store.claim(9, LIFETIME, NOW).await.unwrap();
    let mut claims: Vec<_> = claimed.iter().map(|it| it.claims).collect();
    claims.sort_unstable();
    assert_eq!(claims, [1, 2, 2], "all three, and what was counted stays counted");
    assert_eq!(world.store.claim(9, LIFETIME, NOW).await.unwrap().len(), 0);
}

#[tokio::test]
async fn dropping_finishes_what_was_queued() {
    let world = World::embedded();
    for n in 0..50 {
        let (attempt, mail, link) = (attempt(n), mail(n), link(n));
        let keep_until = NOW.after(LIFETIME);
        let beginning = Beginning {
            link,
            attempt: &attempt,
            person: ANN,
            mail: Some(&mail),
            keep_until,
            replaces: true,
            now: NOW,
        };
        // Asked once, so that it is queued; then whoever asked goes away.
        tokio::select! {
            biased;
            begun = world.store.begin(&beginning) => begun.unwrap(),
            () = std::future::ready(()) => {}
        }
    }
    let world = world.reopened();
    for n in 0..50 {
        assert!(world.store.attempt(link(n)).await.unwrap().is_some(), "attempt {n}");
    }
}

#[tokio::test]
async fn a_swept_store_keeps_no_leftovers() {
    let world = World::embedded();
    let session = world.signed_in(1, ANN).await;
    world.signed_in(2, ANN).await;
    assert!(world.store.end(session, ANN).await.unwrap());
    for n in 3..6 {
        world.begin(n, 3, ANN, NOW).await;
    }
    let hits = [hit(Limited::MailsToAddress, 1, "1/1h")];
    world.store.hit(&hits, NOW).await.unwrap();
    world.store.hit(&hits, NOW.after(LIFETIME * 7)).await.unwrap();
    let claimed = world.store.claim(1, LIFETIME, NOW).await.unwrap();
    world.store.retry(claimed[0].id, NOW.after(LIFETIME * 2), &retrying(), NOW).await.unwrap();
    world.store.sweep(NOW.after(SESSION_LIFETIME)).await.unwrap();
    let folder = world.closed();
    assert_eq!(all_keys(folder.path()), []);
}

/// The records of each table.
fn counts(folder: &Path) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (table, _) in all_keys(folder) {
        *counts.entry(table).or_default() += 1;
    }
    counts
}

/// One browser that asks again and again, for ever, for one address after the other, fills no table:
/// swept as a store is, it has what one lifetime leaves.
#[tokio::test]
async fn a_browser_that_goes_on_asking_leaves_nothing_that_grows() {
    const ASKED: u32 = 30;
    let mut world = World::embedded();
    let mut now = NOW;
    for round in 0..5 {
        let expires_at = now.after(LIFETIME);
        let attempt = Attempt { asked_at: now, expires_at, ..attempt(1) };
        for n in round * ASKED..(round + 1) * ASKED {
            let mail = QueuedMail { expires_at, keep_until: expires_at, ..mail(n) };
            let beginning = Beginning {
                link: link(n),
                attempt: &attempt,
                // The same fifteen in each round, and each of them twice.
                person: PersonKey([(n % (ASKED / 2)) as u8; 32]),
                mail: Some(&mail),
                keep_until: expires_at,
                replaces: true,
                now,
            };
            world.store.begin(&beginning).await.unwrap();
        }
        // By now those of the round before are over, and these are not.
        now = now.after(LIFETIME / 2);
        world.store.sweep(now).await.unwrap();
        let (latest, _) = world.store.latest(browser(1)).await.unwrap().unwrap();
        assert_eq!(latest, link((round + 1) * ASKED - 1));
        let folder = world.closed();
        let expected = [
            ("attempt", 30),
            ("browser", 1),
            ("browser-person", 15),
            ("deadline", 90),
            ("delivery", 30),
            ("delivery-person", 30),
            ("delivery-state", 30),
            ("mail", 30),
            ("outbox", 30),
        ];
        let expected = expected.map(|(table, count)| (table.to_owned(), count));
        assert_eq!(counts(folder.path()), BTreeMap::from(expected), "round {round}");
        let store = std::sync::Arc::new(Embedded::open(folder.path()).unwrap());
        world = World { store, place: Place::Folder(folder) };
    }
    world.store.sweep(now.after(LIFETIME)).await.unwrap();
    assert_eq!(all_keys(world.closed().path()), []);
}

#[tokio::test]
async fn keys_hold_digests_and_nothing_holds_a_secret() {
    let world = World::embedded();
    let key = TokenKey::new(&Secret::new(&[7; 32]).unwrap());
    let token = Token::mint(&key, [0x5e; 32]);
    let (attempt, mail, link) = (attempt(1), mail(1), token.digest());
    let keep_until = NOW.after(LIFETIME);
    let beginning = Beginning {
        link,
        attempt: &attempt,
        person: ANN,
        mail: Some(&mail),
        keep_until,
        replaces: true,
        now: NOW,
    };
    world.store.begin(&beginning).await.unwrap();
    world.signed_in(2, ANN).await;
    world.store.hit(&[hit(Limited::MailsToAddress, 1, "1/1h")], NOW).await.unwrap();
    let folder = world.closed();
    let keys = all_keys(folder.path());
    assert!(keys.iter().any(|(table, key)| table == "attempt" && key == link.as_bytes()));
    for (table, key) in keys {
        let text = String::from_utf8_lossy(&key);
        assert!(!text.contains('@') && !text.contains("ann"), "{table}: {text:?}");
    }
    let file = std::fs::read(folder.path().join(FILE_NAME)).unwrap();
    let holds = |needle: &[u8]| file.windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"ann@example.com"), "this way of looking finds what is there");
    assert!(!holds(&[0x5e; 16]), "the secret of the link");
    assert!(!holds(&token.reveal().as_bytes()[..16]), "the link");
}

#[tokio::test]
async fn odd_versions_read_as_absent() {
    let world = World::embedded();
    let session = world.signed_in(1, ANN).await;
    world.begin(2, 2, ANN, NOW).await;
    let folder = world.closed();
    {
        let database = Database::open(folder.path().join(FILE_NAME)).unwrap();
        let transaction = database.begin_write().unwrap();
        let odd = |bytes: &[u8]| [&[2], &bytes[1..]].concat();
        {
            let mut table = transaction.open_table(ATTEMPTS).unwrap();
            let old = odd(table.get(link(2).as_bytes()).unwrap().unwrap().value());
            table.insert(link(2).as_bytes(), old.as_slice()).unwrap();
            let mut table = transaction.open_table(SESSIONS).unwrap();
            let old = odd(table.get(session.as_bytes()).unwrap().unwrap().value());
            table.insert(session.as_bytes(), old.as_slice()).unwrap();
            let mut table = transaction.open_table(MAILS).unwrap();
            let old = odd(table.get(&mail(2).id.0).unwrap().unwrap().value());
            table.insert(&mail(2).id.0, old.as_slice()).unwrap();
        }
        transaction.commit().unwrap();
    }
    let store = std::sync::Arc::new(Embedded::open(folder.path()).unwrap());
    let world = World { store, place: Place::Folder(folder) };
    let store = &world.store;
    assert!(store.attempt(link(2)).await.unwrap().is_none());
    assert!(store.latest(browser(2)).await.unwrap().is_none());
    assert!(!store.count_try(link(2), 5).await.unwrap());
    assert_eq!(world.settle(2, 9, ANN).await, Settled::Changed);
    assert!(store.session(session).await.unwrap().is_none());
    assert!(store.session(session_digest(9)).await.unwrap().is_none());
    assert_eq!(store.sessions_of(ANN, NOW).await.unwrap(), []);
    store.touch(session, NOW.after(LIFETIME)).await.unwrap();
    assert!(store.session(session).await.unwrap().is_none(), "a touch mends nothing");
    assert_eq!(store.claim(9, LIFETIME, NOW).await.unwrap().len(), 1, "the first mail only");
    assert_eq!(store.sweep(NOW.after(SESSION_LIFETIME)).await.unwrap(), 7, "all is removed");
}

/// An account that cannot be read may be a suspension: it admits nobody and is not written over.
#[tokio::test]
async fn an_account_of_another_version_admits_nobody() {
    let world = World::embedded();
    let email = linkgate::domain::email::EmailAddress::parse("ann@example.com").unwrap();
    let account = Account::new(email, AccountOrigin::Added, NOW);
    let change =
        AccountChange { person: ANN, from: None, to: Some(&account), ends_sessions: false };
    world.store.change_account(change).await.unwrap();
    let folder = world.closed();
    {
        let database = Database::open(folder.path().join(FILE_NAME)).unwrap();
        let transaction = database.begin_write().unwrap();
        {
            let mut table = transaction.open_table(ACCOUNTS).unwrap();
            let old = table.get(&ANN.0).unwrap().unwrap().value().to_vec();
            table.insert(&ANN.0, [&[2], &old[1..]].concat().as_slice()).unwrap();
        }
        transaction.commit().unwrap();
    }
    let store = std::sync::Arc::new(Embedded::open(folder.path()).unwrap());
    let world = World { store, place: Place::Folder(folder) };
    assert_eq!(world.store.account(ANN).await.unwrap(), AccountFound::Unreadable);
    assert_eq!(world.store.accounts(None, 9).await.unwrap(), []);
    for from in [None, Some(account.revision)] {
        let change = AccountChange { person: ANN, from, to: None, ends_sessions: true };
        let changed = world.store.change_account(change).await.unwrap();
        assert_eq!(changed, AccountChanged::Stale);
    }
    world.begin(1, 1, ANN, NOW).await;
    assert_eq!(world.settle(1, 1, ANN).await, Settled::Barred);
    let forgotten = world.store.forget_account(ANN).await.unwrap();
    assert!(forgotten.was_there, "who wants nothing of theirs to be left");
    assert_eq!(world.store.account(ANN).await.unwrap(), AccountFound::Nothing);
}

#[test]
fn folder_and_file_are_the_owners_alone() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("a/b");
    let store = Embedded::open(&folder).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join(FILE_NAME))), (0o700, 0o600));
    drop(store);
}

#[test]
fn a_file_that_cannot_be_used_says_why() {
    let world = World::embedded();
    let Place::Folder(folder) = &world.place else { unreachable!() };
    let twice = Embedded::open(folder.path()).unwrap_err();
    assert!(matches!(twice, OpenError::InUse { .. }), "{twice:?}");
    assert!(twice.to_string().contains("is in use"), "{twice}");
    drop(world.store);
    let path = folder.path().join(FILE_NAME);
    let whole = std::fs::read(&path).unwrap();
    let long_text: Cow<'_, [u8]> = Cow::Owned(b"hello ".repeat(2000));
    let damaged = [Cow::Borrowed(b"hello".as_slice()), long_text, Cow::Borrowed(&whole[..5000])];
    for bytes in damaged {
        std::fs::write(&path, &bytes).unwrap();
        let error = Embedded::open(folder.path()).unwrap_err();
        assert!(matches!(error, OpenError::NotAStore { .. }), "{error:?}");
    }
    let below_a_file = Embedded::open(&path).unwrap_err();
    assert!(matches!(below_a_file, OpenError::Io { .. }), "{below_a_file:?}");
}
