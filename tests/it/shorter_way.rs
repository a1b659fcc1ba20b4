//! The shorter way and the long one: whichever a request takes, the application and the client are told
//! the same.

mod answers;
mod connections;
mod heard;
mod http2;
mod http2_ends;
mod http2_shapes;
mod leaving;
mod log;
mod once;
mod pieces;
mod requests;
mod script;
mod sockets;
mod streams;
mod windows;

use std::net::SocketAddr;

use crate::support::gate::{Gate, Wishes};

/// How a request goes through linkgate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Short,
    Long,
}

const BOTH: [Way; 2] = [Way::Short, Way::Long];

impl Way {
    /// A field line that leads there: what names a field in `Connection` is not plain.
    fn line(self) -> &'static str {
        match self {
            Self::Short => "",
            Self::Long => "Connection: x-nothing\r\n",
        }
    }

    /// What `Connection` says in an answer that came this way: a test that means to try both must not
    /// try one of them twice.
    fn sign(self) -> &'static str {
        match self {
            Self::Short => "",
            Self::Long => "keep-alive",
        }
    }

    /// A whole head.
    fn head(self, method: &str, host: &str, target: &str, more: &str) -> String {
        format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n{}{more}\r\n", self.line())
    }
}

/// A gate before an application that is silent for a second at most.
async fn before(application: SocketAddr) -> Gate {
    let sites = format!(
        "\n  - name: app\n    origin: $ORIGIN\n    \
         upstream: {{ url: \"http://{application}\", read_timeout: 1s }}\n    \
         allow: [\"@example.com\"]\n    rules: [{{ path: \"/public/**\", access: public }}]\n"
    );
    Gate::with(Wishes { sites, ..Wishes::default() }).await
}
