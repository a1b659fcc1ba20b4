//! Looking through all attempts, for what no index leads to.

use ::redis::cmd;

use super::connection::Request;
use super::{RedisStore, read};
use crate::domain::attempt::Record;
use crate::domain::token::{Link, TokenDigest};
use crate::ports::{Stored, Wanted};

/// Keys that one step looks at: Redis does nothing else meanwhile.
const STEP: usize = 500;
/// In words for the log.
const DOING: &str = "look through all sign-ins";

impl RedisStore {
    /// What is there from the beginning to the end of the search is found. Some may be seen twice.
    pub(super) async fn search(
        &self,
        wanted: &Wanted<'_>,
    ) -> Stored<Vec<(TokenDigest<Link>, Record)>> {
        let mut found: Vec<(TokenDigest<Link>, Record)> = Vec::new();
        let (mut cursor, pattern) = (0_u64, format!("{}*", self.keys.attempts()));
        loop {
            let mut command = cmd("SCAN");
            command.arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(STEP);
            let (next, keys): (u64, Vec<Vec<u8>>) =
                self.connection.ask(DOING, Request::Read(&command)).await?;
            for (link, record) in self.records(&keys).await? {
                if wanted(&record.attempt) && !found.iter().any(|(it, _)| *it == link) {
                    found.push((link, record));
                }
            }
            cursor = next;
            if cursor == 0 {
                return Ok(found);
            }
        }
    }

    async fn records(&self, keys: &[Vec<u8>]) -> Stored<Vec<(TokenDigest<Link>, Record)>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut script = self.scripts.records.prepare_invoke();
        for key in keys {
            script.key(key);
        }
        let rows: Vec<_> = self.connection.ask(DOING, Request::Script(&script)).await?;
        let named = keys.iter().map(|key| self.keys.attempt_in(key));
        let read = named.zip(rows.into_iter().map(read::record));
        Ok(read.filter_map(|(link, record)| Some((link?, record?))).collect())
    }
}
