//! The one step that signs somebody in, whatever they have shown: the attempt is spent, the session
//! made, and the account changed or not, at once.

use super::ask::EXPIRED_RETENTION;
use super::noted::Made;
use super::redeem::{Caller, SignedIn};
use super::report::STATES;
use super::{Gate, Place};
use crate::domain::account::{Account, AccountOrigin};
use crate::domain::attempt::{Gone, Record, Way};
use crate::domain::device::Device;
use crate::domain::email::EmailAddress;
use crate::domain::password::{KeptPassword, PasswordHash};
use crate::domain::session::{Session, Surroundings};
use crate::domain::terms::Registration;
use crate::domain::time::UnixMillis;
use crate::domain::token::{self, Link, Token, TokenDigest};
use crate::ports::{AccountStep, NewSession, QueuedMail, Settled, Settlement, Stored, draw};

/// What somebody has shown, and what they want besides.
pub(super) struct Proof {
    way: Way,
    /// The revision of the account whose password was typed: if it is another one by now, that may
    /// have gone with another password.
    compared: Option<u64>,
    /// The password to be set.
    chosen: Option<PasswordHash>,
}

impl From<Way> for Proof {
    fn from(way: Way) -> Self {
        Self { way, compared: None, chosen: None }
    }
}

impl Proof {
    /// The password of an account of this revision.
    pub(super) fn password(revision: u64) -> Self {
        Self { way: Way::Password, compared: Some(revision), chosen: None }
    }

    /// A link or a code, with which somebody may have chosen a password.
    pub(super) fn choosing(way: Way, chosen: Option<PasswordHash>) -> Self {
        Self { way, compared: None, chosen }
    }
}

/// How settling ended.
pub(super) enum Settling {
    In(Box<SignedIn>),
    Gone(Gone, Box<Record>),
    Unknown,
}

impl Gate {
    /// Reads, judges and settles, until the state that was judged is the state that was changed.
    pub(super) async fn settle(
        &self,
        place: Place<'_>,
        link: TokenDigest<Link>,
        proof: &Proof,
        caller: Caller<'_>,
    ) -> Stored<Settling> {
        match self.known(place, link).await? {
            Some(record) => self.settle_read(place, link, proof, caller, record).await,
            None => Ok(Settling::Unknown),
        }
    }

    /// The same for who has read it already: it is changed only if it is still so.
    pub(super) async fn settle_read(
        &self,
        place: Place<'_>,
        link: TokenDigest<Link>,
        proof: &Proof,
        caller: Caller<'_>,
        mut record: Record,
    ) -> Stored<Settling> {
        for _ in 0..STATES {
            if let Some(done) = self.settle_once(place, link, proof, caller, record).await? {
                return Ok(done);
            }
            let Some(anew) = self.known(place, link).await? else { break };
            record = anew;
        }
        Ok(Settling::Unknown)
    }

    async fn settle_once(
        &self,
        place: Place<'_>,
        link: TokenDigest<Link>,
        proof: &Proof,
        caller: Caller<'_>,
        record: Record,
    ) -> Stored<Option<Settling>> {
        let now = self.clock.now();
        let token = Token::<token::Session>::mint(&self.keys.token, draw(&self.entropy));
        let expires_at = record.attempt.expires_at;
        let to = match record.state.spend(proof.way, token.digest(), expires_at, now) {
            Ok(to) => to,
            Err(gone) => return Ok(Some(Settling::Gone(gone, Box::new(record)))),
        };
        let Some((entry, to_whom)) = self.entry(place, &record, proof, now).await? else {
            return Ok(Some(Settling::Gone(Gone::Ended, Box::new(record))));
        };
        let session = begun(place, &record, caller, now);
        let is_new = self.known_device(caller.device, &record.attempt.email).await?.is_none();
        let notice = (place.terms.new_device_notice && is_new)
            .then(|| self.notice(place, link, &record, &session, (to_whom, caller.client)));
        let ending = self.others(&session, entry.ends_others()).await?;
        let replaces = self.held(caller).await?;
        let new = NewSession {
            digest: token.digest(),
            session: &session,
            person: self.keys.subject.person(session.email.identity()),
            replaces,
            account: entry.step(),
        };
        let settlement = Settlement {
            from: record.state,
            to,
            session: Some(new),
            mail: notice.as_ref(),
            keep_until: kept_until(place, &record, proof, notice.as_ref(), now),
            now,
        };
        match self.store.settle(link, &settlement).await? {
            Settled::Changed => Ok(None),
            // Suspended since we looked: as above.
            Settled::Barred => Ok(Some(Settling::Gone(Gone::Ended, Box::new(record)))),
            Settled::Done => {
                let made = Made { way: proof.way, session: &session, is_new, replaces };
                self.note_made(&made, token.digest(), &entry, &ending);
                let ended = caller.session.map(Token::digest).into_iter().chain(ending);
                ended.for_each(|digest| self.announce(digest));
                let took = now.since(record.attempt.asked_at);
                self.metrics.signed_in(place.site, proof.way, took);
                self.after(&entry, &session.email, notice.is_some(), now).await?;
                let device = self.remembering(caller.device, session.email.identity(), now);
                let Entry { registered, sets_password: password_set, .. } = entry;
                let signed_in =
                    SignedIn { token, session, record, device, registered, password_set };
                Ok(Some(Settling::In(Box::new(signed_in))))
            }
        }
    }

    /// What it does to the account, and the address that notices go to; none if nobody comes in.
    async fn entry(
        &self,
        place: Place<'_>,
        record: &Record,
        proof: &Proof,
        now: UnixMillis,
    ) -> Stored<Option<(Entry, EmailAddress)>> {
        // The list may have changed since the mail was sent: who is off it is out.
        let account = self.account(&record.attempt.email).await?;
        let admitted = (place.admits)(&record.attempt.email, account.as_deref());
        Ok(admitted.filter(|_| record.attempt.admitted).and_then(|to_whom| {
            let entry = Entry::of(place, record, proof, account.as_deref(), &to_whom, now)?;
            Some((entry, to_whom))
        }))
    }

    /// What follows from a sign-in, beside the session.
    async fn after(
        &self,
        entry: &Entry,
        email: &EmailAddress,
        is_told: bool,
        now: UnixMillis,
    ) -> Stored<()> {
        if is_told {
            self.mail_waits.notify_one();
        }
        if entry.ends_others() {
            // Whoever had the old password may have a browser that counts as the person's.
            self.distrust_devices(email, now).await?;
        }
        Ok(())
    }

    /// The sessions that end with a new password, to tell their streams. One that begins meanwhile
    /// ends as well; its streams find out within a second.
    async fn others(
        &self,
        session: &Session,
        end: bool,
    ) -> Stored<Vec<TokenDigest<token::Session>>> {
        if !end {
            return Ok(Vec::new());
        }
        let person = self.keys.subject.person(session.email.identity());
        let found = self.store.sessions_of(person, session.signed_in_at).await?;
        Ok(found.into_iter().map(|(digest, _)| digest).collect())
    }

    /// The browser, after this person has signed in with it.
    fn remembering(&self, device: Option<&Device>, identity: &str, now: UnixMillis) -> Device {
        let key = &self.keys.device;
        match device {
            Some(device) => device.remembering(key, identity, now),
            None => Device::mint(draw(&self.entropy)).remembering(key, identity, now),
        }
    }

    /// The session that this browser holds already: it ends when the new one begins.
    async fn held(
        &self,
        caller: Caller<'_>,
    ) -> Stored<Option<(TokenDigest<token::Session>, crate::domain::limit::PersonKey)>> {
        let Some(token) = caller.session else { return Ok(None) };
        let held = self.store.session(token.digest()).await?;
        Ok(held.map(|held| (token.digest(), self.keys.subject.person(held.email.identity()))))
    }
}

/// What a sign-in does to the account of the person.
pub(super) struct Entry {
    revision: Option<u64>,
    is_judged: bool,
    to: Option<Account>,
    pub(super) registered: bool,
    pub(super) sets_password: bool,
    had_password: bool,
}

impl Entry {
    /// None if the account is not the one whose password was typed.
    fn of(
        place: Place<'_>,
        record: &Record,
        proof: &Proof,
        account: Option<&Account>,
        to_whom: &EmailAddress,
        now: UnixMillis,
    ) -> Option<Self> {
        let revision = account.map(|account| account.revision);
        if proof.compared.is_some() && proof.compared != revision {
            return None;
        }
        let is_nobody = account.is_none_or(|it| it.origin == AccountOrigin::Password);
        let registered = is_nobody && place.terms.registration == Registration::Open;
        let registers = registered.then(|| match account {
            Some(it) => Account { origin: AccountOrigin::Registered, ..it.clone().changed() },
            None => Account::new(to_whom.clone(), AccountOrigin::Registered, now),
        });
        let chosen = proof.chosen.as_ref().filter(|_| place.lets_choose(&record.attempt));
        let chosen = chosen.map(|hash| {
            let kept = KeptPassword { hash: hash.clone(), set_at: now };
            Account::with_password(registers.as_ref().or(account), to_whom, kept)
        });
        Some(Self {
            revision,
            is_judged: proof.compared.is_some() || chosen.is_some() || account.is_some(),
            sets_password: chosen.is_some(),
            to: chosen.or(registers),
            registered,
            had_password: account.is_some_and(|account| account.password.is_some()),
        })
    }

    /// With another password, whoever came in with the old one is out.
    fn ends_others(&self) -> bool {
        self.sets_password && self.had_password
    }

    fn step(&self) -> AccountStep<'_> {
        match &self.to {
            Some(account) if !self.is_judged => AccountStep::Registers(account),
            None if !self.is_judged => AccountStep::Kept,
            to => AccountStep::Judged {
                revision: self.revision,
                to: to.as_ref(),
                ends_others: self.ends_others(),
            },
        }
    }
}

/// Until when a spent attempt is kept as a mark.
fn kept_until(
    place: Place<'_>,
    record: &Record,
    proof: &Proof,
    notice: Option<&QueuedMail>,
    now: UnixMillis,
) -> UnixMillis {
    let begun = record.attempt.expires_at.after(EXPIRED_RETENTION);
    let kept = match proof.way {
        // Nobody holds its link, so nobody has to be told that it was used.
        Way::Password => begun,
        // Never shorter than what was not used: the browser that asked must see no difference.
        Way::OwnLink | Way::OtherLink | Way::Code => {
            now.after(place.terms.used_link_retention).max(begun)
        }
    };
    // Whoever reads the notice must find the attempt that it lets them report.
    notice.map_or(kept, |notice| kept.max(notice.expires_at))
}

/// The session that begins now.
fn begun(place: Place<'_>, record: &Record, caller: Caller<'_>, now: UnixMillis) -> Session {
    Session {
        email: record.attempt.email.clone(),
        signed_in_at: now,
        last_seen: now,
        expires_at: now.after(place.terms.session.absolute),
        surroundings: Surroundings::new(place.realm, caller.browser_label),
        network: caller.client.neighbourhood(),
    }
}
