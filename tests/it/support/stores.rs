//! The three stores, as the configuration names them.

use std::sync::Arc;

use super::gate::{Gate, Wishes};
use super::redis::{RedisServer, fresh_prefix};

/// A store that a linkgate process can be started on.
pub struct Kind {
    yaml: String,
    prefix: String,
    environment: Vec<(String, String)>,
    _server: Option<Arc<RedisServer>>,
}

impl Kind {
    pub fn memory() -> Self {
        Self::plain("{ memory: {} }")
    }

    pub fn embedded() -> Self {
        Self::plain("{ embedded: { path: \"$DIR/data\" } }")
    }

    /// The Redis server that all tests share.
    pub async fn redis() -> Self {
        Self::redis_at(RedisServer::shared().await)
    }

    /// A Redis server that the test keeps.
    pub fn at(url: &str) -> Self {
        let prefix = fresh_prefix();
        let yaml =
            format!("{{ redis: {{ url: {{ env: LINKGATE_TEST_REDIS }}, prefix: {prefix} }} }}");
        let environment = vec![("LINKGATE_TEST_REDIS".to_owned(), url.to_owned())];
        Self { yaml, prefix, environment, _server: None }
    }

    /// A Redis server of the test's own.
    pub fn redis_at(server: Arc<RedisServer>) -> Self {
        Self { _server: Some(Arc::clone(&server)), ..Self::at(&server.url()) }
    }

    fn plain(yaml: &str) -> Self {
        let (yaml, prefix) = (yaml.to_owned(), String::new());
        Self { yaml, prefix, environment: Vec::new(), _server: None }
    }

    /// What its keys begin with, in Redis.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Wishes with nothing but this store.
    pub fn wishes(&self) -> Wishes {
        Wishes {
            store: self.yaml.clone(),
            environment: self.environment.clone(),
            ..Wishes::default()
        }
    }

    /// A linkgate with the usual site over this store.
    pub async fn gate(&self) -> Gate {
        Gate::with(self.wishes()).await
    }
}

/// Makes of each `async fn(Kind)` one test for each store.
macro_rules! over_every_store {
    ($($case:ident),+ $(,)?) => {
        $(
            mod $case {
                use crate::support::stores::Kind;

                #[tokio::test]
                async fn memory() {
                    super::$case(Kind::memory()).await;
                }

                #[tokio::test]
                async fn embedded() {
                    super::$case(Kind::embedded()).await;
                }

                #[tokio::test]
                async fn redis() {
                    super::$case(Kind::redis().await).await;
                }
            }
        )+
    };
}
pub(crate) use over_every_store;
