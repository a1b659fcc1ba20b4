//! The roster of signing keys: one hash without a time to live.

use ::redis::cmd;
use async_trait::async_trait;

use super::connection::Request;
use super::{RedisStore, json, read};
use crate::domain::signing::KeyRoster;
use crate::ports::{KeyRosters, StoreError, Stored};

#[async_trait]
impl KeyRosters for RedisStore {
    async fn roster(&self) -> Stored<KeyRoster> {
        const DOING: &str = "find the signing keys";
        let mut command = cmd("HMGET");
        command.arg(self.keys.roster()).arg(&["v", "d"]);
        let fields = self.connection.ask(DOING, Request::Read(&command)).await?;
        read::roster(fields).map_err(|error| StoreError::new(DOING, error))
    }

    async fn replace_roster(&self, roster: &KeyRoster) -> Stored<bool> {
        const DOING: &str = "change the signing keys";
        let mut script = self.scripts.replace_roster.key(self.keys.roster());
        let Some(before) = roster.revision().checked_sub(1) else { return Ok(false) };
        script.arg(before).arg(roster.revision()).arg(json(DOING, roster)?);
        self.connection.ask(DOING, Request::Script(&script)).await
    }
}
