//! The shorter way: plain requests that the rules let pass go to the application and back without
//! Pingora's proxy between.
//!
//! Most requests of a signed-in visitor are a GET without a body over HTTP/1.1. For these, Pingora's
//! state machine (two tasks that talk through channels, two maps for each head, a task for each idle
//! connection) costs more than everything else together. Here their bytes are copied from one
//! connection to the other: the head is judged by the same guard, the same `AuthProxy::weigh`
//! decides, the same rules say what is taken off and put on.
//!
//! What is not plain goes the long way, from the beginning. So does what does not pass, for there the pages
//! and refusals are made, and what meets trouble before anything of an answer was sent; but what was found
//! out goes along, so that the store is asked once, which may belong to another process by then; and a
//! setback, so that the application is not waited for twice.
//!
//! | step | here | refused or left to the long way |
//! |---|---|---|
//! | the head | `request` | anything but a plain GET or HEAD |
//! | who is it, and may they | `AuthProxy::weigh` | everything but a permit |
//! | a connection | `exchange`, `Upstream::line` | no connection; HTTP/2 applications |
//! | the answer's head | `answer` | what is no HTTP/1 answer |
//! | the answer's body | `relay` | (nothing: the answer has begun) |
//! | a WebSocket | `tunnel` | a handshake that names other protocols beside it |

mod answer;
mod client;
mod exchange;
mod http2;
mod looks;
mod relay;
mod request;
mod tunnel;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use pingora::connectors::{ConnectorOptions, TransportConnector};
use pingora::server::configuration::ServerConf;
use pingora::time::timeout;

use self::client::Client;
use self::exchange::{Ended, Exchange};
pub use self::http2::Straight;
use self::request::Request;
use super::access_log;
use super::context::{Context, Outcome};
use super::door::{Weighed, introduction};
use super::leaving::{Leaving, Pending};
use super::peers::Wire;
use super::service::AuthProxy;
use super::wire::{Errand, HeadGuard, Shortcut, Way};
use crate::domain::navigation::RequestKind;
use crate::domain::policy::Decision;
use crate::traces::noting;

/// Answers plain requests by the shorter way.
pub struct Direct {
    proxy: AuthProxy,
    connector: TransportConnector,
    leaving: Arc<Leaving>,
    /// How long a client may take nothing of an answer.
    patience: Duration,
}

impl std::fmt::Debug for Direct {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Direct(..)")
    }
}

impl Direct {
    /// Goes beside the long way of the same proxy.
    #[must_use]
    pub fn new(
        conf: &ServerConf,
        proxy: AuthProxy,
        leaving: Arc<Leaving>,
        patience: Duration,
    ) -> Self {
        let options = ConnectorOptions::from_server_conf(conf);
        Self { proxy, connector: TransportConnector::new(Some(options)), leaving, patience }
    }

    /// Fills the context with a permit and what the application is told. Anything else is for the long
    /// way to do: what was found out lies in the context then.
    async fn admit(&self, request: &Request<'_>, context: &mut Context) -> Admitted {
        let weighed = match context.sampled() {
            None => self.proxy.weigh(request.head(), context).await,
            Some(calls) => noting(calls, self.proxy.weigh(request.head(), context)).await,
        };
        weighed.note(context);
        let (who, permit) = match weighed {
            Weighed::Decided(who, Decision::Pass(permit)) => (who, permit),
            other => return Admitted::not(other, context),
        };
        let is_ours = match context.kind {
            RequestKind::Navigation | RequestKind::Api => true,
            RequestKind::WebSocket => AuthProxy::is_own_page(context, &request.headers),
            RequestKind::Grpc => false,
        };
        let permit = context.permit.insert(permit);
        let wire = context.front.upstream(permit).map(|upstream| upstream.wire);
        if let (true, Some(wire)) = (is_ours, wire)
            && let Ok(introduction) = introduction(context).await
        {
            context.introduction = Some(introduction);
            context.outcome = Outcome::Passed;
            return if wire == Wire::H2c { Admitted::Around } else { Admitted::Here };
        }
        match context.permit.take() {
            Some(permit) => Admitted::not(Weighed::Decided(who, Decision::Pass(permit)), context),
            None => Admitted::Around,
        }
    }
}

/// Whether a request goes to its application, and how.
enum Admitted {
    /// By the shorter way.
    Here,
    /// By the long way, which has nothing more to ask.
    Around,
    /// The long way has to see.
    No,
}

impl Admitted {
    fn not(weighed: Weighed, context: &mut Context) -> Self {
        context.weighed = Some(weighed);
        Self::No
    }
}

/// What became of a plain request.
enum Gone {
    /// The client has the whole answer; whether its connection stays.
    Answered { again: bool },
    /// It broke off.
    Broken,
    /// It was not answered; what was found out about it, if it was read.
    Around(Option<Box<Context>>),
}

impl Direct {
    /// Takes a request to its application and back, or leaves it. `from` is the other end of the
    /// connection, and whether that ends with the answer.
    async fn go(
        &self,
        request: &Request<'_>,
        client: &mut Client<'_>,
        (peer, last): (Option<IpAddr>, bool),
        pending: &mut Option<Pending>,
    ) -> Gone {
        let mut context = self.proxy.context();
        self.proxy.begin(&mut context, peer, &request.headers);
        match self.admit(request, &mut context).await {
            Admitted::Here => {}
            Admitted::Around | Admitted::No => return Gone::Around(Some(Box::new(context))),
        }
        // From here on the store is not asked any more.
        drop(pending.take());
        let exchange = Exchange { direct: self, request, last };
        let (ended, sent) = exchange.run(client, &mut context).await;
        let (gone, error) = match ended {
            Ended::Answered { again } => (Gone::Answered { again }, None),
            Ended::Broken(error) => (Gone::Broken, Some(error)),
            Ended::Before(setback) => {
                context.upstream_reused = false;
                context.setback = setback;
                return Gone::Around(Some(Box::new(context)));
            }
        };
        let said = access_log::Line {
            method: request.method,
            status: sent.status,
            sent: sent.bytes,
            error,
        };
        context.end(request.method, sent.status, sent.bytes);
        said.write(&context, AuthProxy::now(&context), &self.proxy.reserved);
        gone
    }
}

impl Shortcut for Arc<Direct> {
    async fn serve(&self, line: &mut HeadGuard, errand: Errand<'_>) -> Way {
        let head = line.take_head();
        let gone = match Request::read(&head) {
            None => Gone::Around(None),
            Some(request) => {
                let from = (errand.peer, errand.last);
                self.go(&request, &mut Client::Http1(line), from, errand.pending).await
            }
        };
        match gone {
            Gone::Answered { again: true } => Way::Again,
            Gone::Answered { again: false } => {
                let _ = timeout(self.patience, line.end()).await;
                Way::Over
            }
            Gone::Broken => Way::Over,
            Gone::Around(decided) => {
                line.give_back(&head);
                Way::Around(decided)
            }
        }
    }
}
