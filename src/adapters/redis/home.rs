//! The runtime that the connections live in.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use ::redis::{ErrorKind, RedisError, RedisResult};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

/// The runtime of whoever asked first. A connection is driven by a task in the runtime where it was
/// made; made by a caller in another one, it would answer as late as that one gets to run, or end with
/// it.
#[derive(Clone, Debug, Default)]
pub(super) struct Home(Arc<OnceLock<Handle>>);

impl Home {
    /// The runtime: that of the caller, if it is the first.
    pub(super) fn handle(&self) -> &Handle {
        self.0.get_or_init(Handle::current)
    }

    /// Has something made there. Whoever no longer waits for it ends it.
    pub(super) async fn make<T: Send + 'static>(
        &self,
        work: impl Future<Output = RedisResult<T>> + Send + 'static,
    ) -> RedisResult<T> {
        let mut task = JoinSet::new();
        task.spawn_on(work, self.handle());
        match task.join_next().await {
            Some(Ok(made)) => made,
            Some(Err(_)) | None => {
                let why = "the runtime of the connections has ended";
                Err(RedisError::from((ErrorKind::Client, why)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;

    use super::*;

    #[test]
    fn all_is_made_in_the_runtime_of_the_first_and_nothing_when_it_has_ended() {
        let runtime = || Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (first, second, home) = (runtime(), runtime(), Home::default());
        let made = || async { Ok(Handle::current().id()) };
        assert_eq!(first.block_on(home.make(made())).unwrap(), first.handle().id());
        assert_eq!(second.block_on(home.make(made())).unwrap(), first.handle().id());
        drop(first);
        assert!(second.block_on(home.make(made())).is_err());
    }
}
