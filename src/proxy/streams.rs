//! Open streams end with the session that opened them.
//!
//! A WebSocket, a gRPC call or an event stream outlives the request that was decided about, so
//! signing out would leave it open. Pingora has no hook that is called while nothing flows.
//! Therefore the whole request runs beside a watch, which is armed when the request brings a stream,
//! or once the answer turns out to be one; when the session ends, the request is dropped, and with it both connections (HTTP/1)
//! or both streams (HTTP/2).

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use http::{StatusCode, header};
use pingora::apps::{HttpServerApp, HttpServerOptions, ReusedHttpStream};
use pingora::http::ResponseHeader;
use pingora::protocols::http::ServerSession;
use pingora::protocols::http::v2::server::H2Options;
use pingora::proxy::Session;
use pingora::server::ShutdownWatch;
use tokio::sync::Notify;
use tokio::task::coop::unconstrained;

use super::leaving::{Leaving, Pending, carried};

/// Resolves when the session of a stream has ended.
pub type Ending = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Writes the line in the access log for a stream that is ended, with the reason as its error: what
/// would have written it is dropped.
pub type LastWords = Box<dyn FnOnce(&'static str) + Send>;

tokio::task_local! {
    static WATCH: Arc<Watch>;
}

#[derive(Default)]
struct Watch {
    ending: Mutex<Option<Ending>>,
    last_words: Mutex<Option<LastWords>>,
    armed: Notify,
    is_stream: AtomicBool,
    turned: Notify,
    /// Counts the request until it was decided about.
    pending: Mutex<Option<Pending>>,
}

impl Watch {
    /// Resolves when the server leaves and this is a stream that has had its time.
    async fn outstayed(&self, leaving: &Leaving) {
        leaving.streams_end().await;
        while !self.is_stream.load(Ordering::Acquire) {
            self.turned.notified().await;
        }
    }

    fn say(&self, why: &'static str) {
        let last_words = self.last_words.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(last_words) = last_words {
            last_words(why);
        }
    }

    async fn ended(&self) {
        loop {
            let ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner).take();
            match ending {
                Some(ending) => return ending.await,
                None => self.armed.notified().await,
            }
        }
    }
}

/// Ends the request that is being served when `ending` resolves, and has that said in the log. Does
/// nothing outside a [`Revocable`] application.
pub fn end_with(ending: impl Future<Output = ()> + Send + 'static, last_words: LastWords) {
    let _ = WATCH.try_with(|watch| {
        *watch.last_words.lock().unwrap_or_else(PoisonError::into_inner) = Some(last_words);
        *watch.ending.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::pin(ending));
        watch.is_stream.store(true, Ordering::Release);
        watch.armed.notify_one();
        watch.turned.notify_one();
    });
}

/// The request that is being served was decided about, and asks nothing of the store any more. Does
/// nothing outside a [`Revocable`] application.
pub fn decided() {
    let _ = WATCH.try_with(|watch| {
        drop(watch.pending.lock().unwrap_or_else(PoisonError::into_inner).take());
    });
}

/// Whether an answer may go on after its request was decided about: everything without a length
/// that is known beforehand.
#[must_use]
pub fn is_stream(head: &ResponseHeader) -> bool {
    let has_no_content = matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    head.status == StatusCode::SWITCHING_PROTOCOLS
        || !(head.status.is_informational()
            || has_no_content
            || head.headers.contains_key(header::CONTENT_LENGTH))
}

/// Whether a request goes on after it was decided about, maybe long before there is an answer: one
/// with a body without a length that is known beforehand.
#[must_use]
pub fn is_upload(session: &mut Session) -> bool {
    let has_length = session.req_header().headers.contains_key(header::CONTENT_LENGTH);
    !has_length && !session.as_downstream_mut().is_body_done()
}

/// An application whose requests can be ended from inside.
pub struct Revocable<A> {
    inner: Arc<A>,
    leaving: Arc<Leaving>,
    /// How long a client may take nothing of what is sent to it.
    patience: Duration,
}

impl<A> Revocable<A> {
    /// Wraps an application. Its streams end when the server leaves, and its answers when a client
    /// takes nothing of them for as long as `patience`.
    #[must_use]
    pub fn new(inner: A, leaving: Arc<Leaving>, patience: Duration) -> Self {
        Self { inner: Arc::new(inner), leaving, patience }
    }
}

#[async_trait]
impl<A: HttpServerApp + Send + Sync + 'static> HttpServerApp for Revocable<A> {
    async fn process_new_http(
        self: &Arc<Self>,
        mut session: ServerSession,
        shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        let pending = carried().unwrap_or_else(|| self.leaving.pending());
        let watch = Arc::new(Watch { pending: Mutex::new(Some(pending)), ..Watch::default() });
        session.set_write_timeout(Some(self.patience));
        let request = self.inner.process_new_http(session, shutdown);
        // Where both sides are fast, a stream uses up all that its task may do in one go, each time: the
        // others would be told that nothing has happened.
        tokio::select! {
            biased;
            done = WATCH.scope(Arc::clone(&watch), request) => done,
            () = unconstrained(watch.ended()) => {
                tracing::info!("a stream was closed: its session has ended");
                watch.say("SessionEnded");
                None
            }
            () = unconstrained(watch.outstayed(&self.leaving)) => {
                tracing::info!("a stream was closed: linkgate stops or is upgraded");
                watch.say("Leaving");
                None
            }
        }
    }

    fn h2_options(&self) -> Option<H2Options> {
        self.inner.h2_options()
    }

    fn server_options(&self) -> Option<&HttpServerOptions> {
        self.inner.server_options()
    }

    async fn http_cleanup(&self) {
        self.inner.http_cleanup().await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::watch;
    use tokio::task::coop::consume_budget;

    use super::*;

    /// Never ends, and never waits for anything.
    struct Busy;

    #[async_trait]
    impl HttpServerApp for Busy {
        async fn process_new_http(
            self: &Arc<Self>,
            _: ServerSession,
            _: &ShutdownWatch,
        ) -> Option<ReusedHttpStream> {
            let (tell, mut told) = watch::channel(());
            tell.send_replace(());
            let ending = async move {
                let _ = told.changed().await;
            };
            end_with(ending, Box::new(|_| {}));
            loop {
                consume_budget().await;
            }
        }
    }

    #[tokio::test]
    async fn a_stream_that_never_rests_ends_as_well() {
        let leaving = Arc::new(Leaving::new(Duration::ZERO));
        let app = Arc::new(Revocable::new(Busy, Arc::clone(&leaving), Duration::from_secs(1)));
        let session = ServerSession::new_http1(Box::new(tokio::io::duplex(64).0));
        let closing = leaving.closing();
        let served = app.process_new_http(session, &closing);
        let served = tokio::time::timeout(Duration::from_secs(5), served).await;
        assert!(served.expect("it ends").is_none());
    }

    #[test]
    fn what_has_a_length_is_no_stream() {
        let head = |status: u16, length: Option<&str>| {
            let mut head = ResponseHeader::build(status, None).unwrap();
            if let Some(length) = length {
                head.insert_header("content-length", length).unwrap();
            }
            head
        };
        assert!(is_stream(&head(101, None)));
        assert!(is_stream(&head(200, None)));
        assert!(!is_stream(&head(200, Some("3"))));
        assert!(!is_stream(&head(204, None)));
        assert!(!is_stream(&head(304, None)));
        assert!(!is_stream(&head(103, None)));
    }
}
