//! What the YAML may say about the store.

use serde::Deserialize;

use super::{Map, said};
use crate::config::choice::Choice;
use crate::config::located::{Located, Text};
use crate::config::secret_source::SecretSource;

map! {
    /// `store`
    StoreFile {
        embedded: Map<EmbeddedFile>,
        redis: Map<RedisFile>,
        memory: Map<MemoryFile>,
        cache: Text,
        trust: Text,
        grace: Text,
    }
}

map! {
    /// `store.embedded`
    EmbeddedFile {
        path: Text,
    }
}

map! {
    /// `store.redis`
    RedisFile {
        url: Located<Choice<SecretSource>>,
        prefix: Text,
        ca: Text,
        certificate: Text,
        key: Text,
        sentinel: Map<SentinelFile>,
    }
}

map! {
    /// `store.redis.sentinel`
    SentinelFile {
        username: Text,
        password: Located<SecretSource>,
    }
}

map! {
    /// `store.memory`: nothing to say.
    MemoryFile {}
}
