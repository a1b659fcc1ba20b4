//! Work in the runtime of a service.

use std::sync::Arc;

use async_trait::async_trait;
use pingora::server::{ListenFds, RuntimeOpts, ShutdownWatch};
use pingora::services::Service;

use super::futures_of::Boxed;

/// A service, and work that begins with it in the same runtime. A connection belongs to the runtime
/// that uses it, so whoever looks after one must run there.
pub(super) struct Beside<S> {
    pub(super) service: S,
    pub(super) work: Arc<dyn Fn() -> Boxed + Send + Sync>,
}

#[async_trait]
impl<S: Service> Service for Beside<S> {
    async fn start_service(
        &mut self,
        #[cfg(unix)] fds: Option<ListenFds>,
        shutdown: ShutdownWatch,
        listeners_per_fd: usize,
    ) {
        // Ends with the runtime, and so after the last request.
        tokio::spawn((self.work)());
        self.service
            .start_service(
                #[cfg(unix)]
                fds,
                shutdown,
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
