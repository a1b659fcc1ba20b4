//! Keeping the store in order, and whose it is.

use std::time::Duration;

use ::redis::cmd;
use async_trait::async_trait;

use super::connection::Request;
use super::{RedisStore, deliveries, read};
use crate::domain::delivery::DeliveryState;
use crate::domain::secret::{Birth, Mark};
use crate::domain::time::UnixMillis;
use crate::ports::{Owner, Stored, Upkeep};

/// Places in the outbox that one sweep looks at.
const SWEEP: usize = 512;
/// Keys that one step of a search looks at.
const SEARCH: usize = 1000;
/// What whose it is was asked for, in words for the log.
const WHOSE: &str = "say whose it is";

#[async_trait]
impl Upkeep for RedisStore {
    async fn ping(&self) -> Stored<()> {
        self.connection.ask("answer", Request::Whose(&cmd("PING"))).await
    }

    fn is_heard(&self) -> bool {
        self.keeps_copies()
    }

    /// Redis removes its keys itself; this tidies the outbox and the lists of records.
    async fn sweep(&self, now: UnixMillis) -> Stored<u64> {
        let mut script = self.scripts.sweep.key(self.keys.outbox());
        script.arg(self.keys.base()).arg(now.0).arg(SWEEP).arg(deliveries::expired_rank());
        for state in DeliveryState::ALL {
            script.arg(state.name());
        }
        self.connection.ask("remove what is over", Request::Script(&script)).await
    }

    async fn owner(&self, mark: Mark) -> Stored<Owner> {
        if let Some(following) = &self.following {
            // The first who asks is no visitor: whoever comes then finds the line made.
            following.line().await;
        }
        let fields = self.connection.ask(WHOSE, Request::Whose(&self.whose.question())).await?;
        Ok(read::owner(fields, mark))
    }

    /// A search may take many steps, and so is none of the script. What comes into the store
    /// meanwhile comes from somebody who has adopted it, and that the script sees.
    async fn adopt(&self, mark: Mark, birth: Birth) -> Stored<Owner> {
        let owner = self.owner(mark).await?;
        if owner != Owner::Nobody || !self.is_empty().await? {
            return Ok(owner);
        }
        let mut script = self.scripts.adopt.key(self.keys.installation());
        script.arg(decimal(mark.0)).arg(decimal(birth.0));
        let fields = self.connection.ask("take its mark", Request::Script(&script)).await?;
        Ok(read::owner(fields, mark))
    }

    fn confirmed(&self, mark: Mark, birth: Birth) {
        if self.whose.known() != Some((mark, birth)) {
            self.whose.is(mark, birth);
            if let Some(following) = &self.following {
                following.is_known_anew();
            }
        }
    }

    /// The indexes do not do: Redis may have dropped one for want of memory.
    async fn is_empty(&self) -> Stored<bool> {
        let mut cursor = 0_u64;
        loop {
            let mut command = cmd("SCAN");
            command.arg(cursor).arg("MATCH").arg(self.keys.all()).arg("COUNT").arg(SEARCH);
            let found: (u64, Vec<Vec<u8>>) =
                self.connection.ask(WHOSE, Request::Whose(&command)).await?;
            if found.1.iter().any(|key| self.keys.is_somebodys(key)) {
                return Ok(false);
            }
            cursor = found.0;
            if cursor == 0 {
                return Ok(true);
            }
        }
    }

    async fn time(&self) -> Stored<Option<UnixMillis>> {
        let request = cmd("TIME");
        let (seconds, micros): (u64, u64) =
            self.connection.ask("tell the time", Request::Whose(&request)).await?;
        let span = Duration::from_secs(seconds).saturating_add(Duration::from_micros(micros));
        Ok(Some(UnixMillis(0).after(span)))
    }
}

/// As a text, because Lua and JSON know no number of 128 bits.
pub(super) fn decimal(bytes: [u8; 16]) -> String {
    u128::from_be_bytes(bytes).to_string()
}
