//! The flow in a real browser, over the embedded store and over Redis.

mod codes;
mod demo;
mod elsewhere;
mod endings;
mod gallery;
mod looks;
mod mails;
mod operators;
mod own;
mod passwords;
mod people;
mod registration;
mod secured;
mod trouble;

use std::sync::Arc;

use crate::support::chromium::Chromium;
use crate::support::gate::{Gate, Wishes};
use crate::support::redis::{RedisServer, fresh_prefix};

/// A deep link whose every part must survive.
const DEEP: &str = "/reports/42?tab=x#total";
const ANN: &str = "ann@example.com";

/// A gate over a store that people run.
struct Installed {
    gate: Gate,
    /// Ends after the gate.
    _redis: Option<Arc<RedisServer>>,
}

impl Installed {
    async fn over_each_store() -> [Self; 2] {
        [Self::embedded().await, Self::redis().await]
    }

    async fn embedded() -> Self {
        let store = "{ embedded: { path: \"$DIR/data\" } }".to_owned();
        Self { gate: Gate::with(Wishes { store, ..Wishes::default() }).await, _redis: None }
    }

    async fn redis() -> Self {
        let redis = RedisServer::shared().await;
        let store =
            format!("{{ redis: {{ url: \"{}\", prefix: {} }} }}", redis.url(), fresh_prefix());
        let gate = Gate::with(Wishes { store, ..Wishes::default() }).await;
        Self { gate, _redis: Some(redis) }
    }

    /// Asks for a mail from the deep link on, and waits for the page that says so.
    async fn ask(&self, chromium: &Chromium, who: &str) {
        chromium.open(&self.deep()).await;
        chromium.fill("email", who).await;
        chromium.press("Send me a link").await;
        chromium.says("Check your mail").await;
    }

    /// The deep link as a person types it.
    fn deep(&self) -> String {
        format!("{}{DEEP}", self.gate.origin)
    }

    /// A page of ours.
    fn page(&self, name: &str) -> String {
        format!("{}/.linkgate/{name}", self.gate.origin)
    }
}
