//! A service of Pingora's with what it lacks: sockets that were opened before, an end of our own, and
//! work in the same runtime.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use pingora::server::{ListenFds, RuntimeOpts, ShutdownWatch};
use pingora::services::Service;

use super::doors::Handles;
use super::futures_of::Boxed;
use crate::proxy::leaving::Leaving;

/// A service, and work that begins with it in the same runtime. A connection belongs to the runtime
/// that uses it, so whoever looks after one must run there.
pub(super) struct Beside<S> {
    pub(super) service: S,
    pub(super) handles: Handles,
    pub(super) leaving: Arc<Leaving>,
    /// What comes to its end before the first connection is taken.
    pub(super) before: Mutex<Option<Boxed>>,
    pub(super) work: Option<Arc<dyn Fn() -> Boxed + Send + Sync>>,
}

#[async_trait]
impl<S: Service> Service for Beside<S> {
    async fn start_service(
        &mut self,
        #[cfg(unix)] fds: Option<ListenFds>,
        _shutdown: ShutdownWatch,
        listeners_per_fd: usize,
    ) {
        let before = self.before.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(before) = before {
            before.await;
        }
        if let Some(work) = &self.work {
            let (work, leaving) = (work(), Arc::clone(&self.leaving));
            tokio::spawn(async move {
                tokio::select! {
                    () = work => {}
                    // It looks after the store, which is there no more. Otherwise it ends with the
                    // runtime, and so after the last request.
                    () = leaving.parted() => {}
                }
            });
        }
        #[cfg(unix)]
        if let Some(table) = &fds {
            self.handles.give(table);
        }
        // As long as it takes connections, each may bring a request.
        let _listens = self.leaving.pending();
        self.service
            .start_service(
                #[cfg(unix)]
                fds,
                // Pingora's own comes when everything has ended.
                self.leaving.ending(),
                listeners_per_fd,
            )
            .await;
    }

    fn name(&self) -> &str {
        self.service.name()
    }

    fn threads(&self) -> Option<usize> {
        self.service.threads()
    }

    fn runtime_opts_override(&self, global: &RuntimeOpts) -> Option<RuntimeOpts> {
        self.service.runtime_opts_override(global)
    }

    fn listen_addresses(&self) -> Option<Vec<String>> {
        self.service.listen_addresses()
    }
}
