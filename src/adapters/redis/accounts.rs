//! Known people.

use ::redis::cmd;
use async_trait::async_trait;

use tokio::time::Instant;

use super::connection::Request;
use super::copies::ACCOUNTS;
use super::keys::hex;
use super::{RedisStore, json, read};
use crate::adapters::kept::Filed;
use crate::domain::account::{Account, AccountState};
use crate::domain::limit::PersonKey;
use crate::ports::{
    AccountChange, AccountChanged, AccountForgotten, AccountFound, Accounts, Known, Stored,
};

#[async_trait]
impl Accounts for RedisStore {
    async fn account(&self, person: PersonKey) -> Stored<AccountFound> {
        let mut command = cmd("HGETALL");
        command.arg(self.keys.account(person));
        let parse = |fields, label| Some(Filed::new(read::account(fields), label));
        let key = &person.0;
        let found = self.read_kept(ACCOUNTS, key, &command, parse).await?;
        Ok(found.map_or(AccountFound::Nothing, |found| found.value.clone()))
    }

    fn account_at_hand(&self, person: PersonKey) -> Option<AccountFound> {
        let held = self.following.as_ref()?.at_hand(|copies| &copies.accounts, &person.0)?;
        Some(held.value.clone())
    }

    fn account_of_at_hand(
        &self,
        known: &Known,
        person: &(dyn Fn() -> PersonKey + Sync),
    ) -> Option<AccountFound> {
        self.following.as_ref()?.copies.account_of(known, person, Instant::now())
    }

    fn account_of_in_grace(
        &self,
        known: &Known,
        person: &(dyn Fn() -> PersonKey + Sync),
    ) -> Option<AccountFound> {
        self.following.as_ref()?.account_of_in_grace(known, person)
    }

    fn account_in_grace(&self, person: PersonKey) -> Option<AccountFound> {
        let held = self.following.as_ref()?.in_grace(|copies| &copies.accounts, &person.0)?;
        Some(held.value.clone())
    }

    async fn accounts(
        &self,
        after: Option<PersonKey>,
        most: usize,
    ) -> Stored<Vec<(PersonKey, Account)>> {
        let mut after = after;
        loop {
            let from = after.map_or("-".to_owned(), |after| format!("({}", hex(after.0)));
            let mut script = self.scripts.accounts.key(self.keys.accounts());
            script.arg(from).arg(most).arg(self.keys.account_prefix());
            let rows: Vec<_> =
                self.connection.ask("list accounts", Request::Script(&script)).await?;
            let rows: Vec<_> = rows.into_iter().filter_map(read::listed_account).collect();
            let last = rows.last().map(|(person, _)| *person);
            let found: Vec<_> =
                rows.into_iter().filter_map(|(person, it)| Some((person, it?))).collect();
            // A page of nothing but accounts that cannot be read must not look like the end.
            if !found.is_empty() || last.is_none() {
                return Ok(found);
            }
            after = last;
        }
    }

    async fn change_account(&self, change: AccountChange<'_>) -> Stored<AccountChanged> {
        const DOING: &str = "change an account";
        let AccountChange { person, from, to, ends_sessions } = change;
        let text = |revision: Option<u64>| revision.map(|it| it.to_string()).unwrap_or_default();
        let mut script = self.scripts.change_account.key(self.keys.account(person));
        script
            .key(self.keys.accounts())
            .key(self.keys.person(person))
            .arg(text(from))
            .arg(text(to.map(|account| account.revision)))
            .arg(match to.map(|account| account.state) {
                Some(AccountState::Active) => "active",
                Some(AccountState::Suspended) | None => "suspended",
            })
            .arg(to.map(|account| json(DOING, account)).transpose()?.unwrap_or_default())
            .arg(hex(person.0))
            .arg(u8::from(ends_sessions || to.is_some_and(Account::is_suspended)))
            .arg(self.keys.sessions());
        let ended = self.connection.ask(DOING, Request::Script(&script)).await;
        // Also where it was another one than was judged: that one came from here.
        self.drop_account(person);
        let ended: Option<Vec<_>> = ended?;
        let Some(ended) = ended.map(read::digests) else { return Ok(AccountChanged::Stale) };
        ended.iter().for_each(|digest| self.drop_session(*digest));
        Ok(AccountChanged::Done { ended })
    }

    async fn forget_account(&self, person: PersonKey) -> Stored<AccountForgotten> {
        let mut script = self.scripts.forget_account.key(self.keys.account(person));
        script
            .key(self.keys.accounts())
            .key(self.keys.person(person))
            .arg(hex(person.0))
            .arg(self.keys.sessions());
        let forgotten = self.connection.ask("forget an account", Request::Script(&script)).await;
        self.drop_account(person);
        let (was_there, ended): (bool, Vec<_>) = forgotten?;
        let ended = read::digests(ended);
        ended.iter().for_each(|digest| self.drop_session(*digest));
        Ok(AccountForgotten { was_there, ended })
    }
}
