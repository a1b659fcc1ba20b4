//! A shorter way for plain requests, before there is a session of Pingora's.

use std::future::Future;
use std::net::IpAddr;

use super::head_guard::HeadGuard;
use crate::proxy::context::Context;
use crate::proxy::leaving::Pending;

/// One plain request, as far as the connection knows it. Its head lies in the guard, judged.
#[derive(Debug)]
pub struct Errand<'a> {
    /// The other end of the connection.
    pub peer: Option<IpAddr>,
    /// The connection ends with the answer: the client says so, or the server leaves.
    pub last: bool,
    /// What this request counts until it was decided about.
    pub pending: &'a mut Option<Pending>,
}

/// What became of a plain request.
#[derive(Debug)]
pub enum Way {
    /// It was answered, and a next one may follow.
    Again,
    /// It was answered, or broke off, and nothing may follow.
    Over,
    /// It was not answered, and its head lies in the guard as before: it goes the long way, with what
    /// was found out about it.
    Around(Option<Box<Context>>),
}

/// Whoever answers plain requests by a shorter way.
pub trait Shortcut: Send + Sync + 'static {
    /// Answers the request whose head `line` has judged, or leaves it as it is.
    fn serve(&self, line: &mut HeadGuard, errand: Errand<'_>) -> impl Future<Output = Way> + Send;
}

/// There is no shorter way.
#[derive(Debug)]
pub struct LongWay;

impl Shortcut for LongWay {
    async fn serve(&self, _: &mut HeadGuard, _: Errand<'_>) -> Way {
        Way::Around(None)
    }
}
