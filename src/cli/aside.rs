//! Threads of their own for work beside the requests: mails and the record. They give way to those that
//! proxy ([`give_way`]), so that those who are signed in wait less in a storm of sign-ins.

use std::future::Future;
use std::io;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use crate::adapters::yielding::{give_way, politely};
use crate::proxy::server::futures_of::Boxed;

/// A runtime beside those of the server. Ends with the value, and waits for nobody then.
#[derive(Debug)]
pub struct Aside(Option<Runtime>);

/// What was to be done aside came to no end: it panicked, or the runtime has ended.
#[derive(Debug, thiserror::Error)]
#[error("the work came to no end: {0}")]
pub struct Broken(String);

impl Aside {
    /// Starts so many threads.
    ///
    /// # Errors
    /// When the machine has no room for them.
    pub fn start(threads: usize) -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(threads).thread_name("aside").on_thread_start(give_way);
        Ok(Self(Some(builder.enable_all().build()?)))
    }

    /// Has something done there. Whoever no longer waits for it ends it.
    ///
    /// # Errors
    /// [`Broken`] when it panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Broken> {
        let gone = || Broken("its threads have ended".to_owned());
        let runtime = self.0.as_ref().ok_or_else(gone)?;
        let mut task = JoinSet::new();
        task.spawn_on(work, runtime.handle());
        task.join_next().await.ok_or_else(gone)?.map_err(|error| Broken(error.to_string()))
    }

    /// The same for work that answers to nobody: when it breaks, the log says so.
    pub fn boxed(
        self: &Arc<Self>,
        name: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Boxed {
        let aside = Arc::clone(self);
        Box::pin(async move {
            if let Err(broken) = aside.run(politely(work)).await {
                tracing::error!(work = name, %broken, "it goes on no more; this is a bug");
            }
        })
    }
}

/// Dropping a runtime would wait for its threads, which must not be done where others work.
impl Drop for Aside {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn work_is_done_on_a_thread_of_its_own() {
        let aside = Aside::start(1).unwrap();
        let name = aside.run(async { std::thread::current().name().map(str::to_owned) }).await;
        assert_eq!(name.unwrap().as_deref(), Some("aside"));
    }

    #[tokio::test]
    async fn a_panic_stays_there() {
        let aside = Aside::start(1).unwrap();
        let broken = aside.run(async { panic!("on purpose") }).await;
        assert!(matches!(broken, Err(Broken(why)) if why.contains("panic")));
        assert_eq!(aside.run(async { 7 }).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn nobody_waits_and_it_is_ended() {
        struct Ends(Arc<Notify>);
        impl Drop for Ends {
            fn drop(&mut self) {
                self.0.notify_one();
            }
        }
        let (aside, begun, ended) = (Aside::start(1).unwrap(), Arc::default(), Arc::default());
        let (begins, ends) = (Arc::clone(&begun), Ends(Arc::clone(&ended)));
        let work = async move {
            let _ends = ends;
            Notify::notify_one(&begins);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            _ = aside.run(work) => {}
            () = begun.notified() => {}
        }
        ended.notified().await;
    }
}
