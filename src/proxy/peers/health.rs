//! How the servers of an application are asked whether they are well.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::StatusCode;
use pingora::http::RequestHeader;
use pingora::lb::Backend;
use pingora::lb::health_check::{HealthCheck, HttpHealthCheck, TcpHealthCheck};
use pingora::protocols::ALPN;
use pingora::{Error, ErrorType};

use super::{Authorities, Wire};

/// What is asked, and how often.
#[derive(Clone, Debug)]
pub struct Health {
    /// The site, for the log.
    pub site: Arc<str>,
    /// The path that is asked for; without one a connection is enough.
    pub path: Option<String>,
    /// The `Host` of the question.
    pub host: String,
    /// The name in the certificate, with TLS.
    pub server_name: String,
    /// What is spoken.
    pub wire: Wire,
    /// Certificate authorities in place of the system's.
    pub authorities: Option<Authorities>,
    /// How often.
    pub interval: Duration,
    /// How long the whole answer may take.
    pub timeout: Duration,
    /// Failures in a row after which a server is passed over.
    pub failures: u32,
    /// Successes in a row after which it is back.
    pub successes: u32,
}

impl Health {
    /// The question, ready to be asked.
    pub(super) fn check(&self) -> Box<dyn HealthCheck + Send + Sync> {
        let question: Box<dyn HealthCheck + Send + Sync> = match &self.path {
            Some(path) => Box::new(self.page(path)),
            None => self.connection(),
        };
        Box::new(Bounded { question, health: self.clone() })
    }

    fn connection(&self) -> Box<TcpHealthCheck> {
        let mut check = match self.wire {
            Wire::Https => TcpHealthCheck::new_tls(&self.server_name),
            Wire::Http | Wire::H2c => TcpHealthCheck::new(),
        };
        check.peer_template.options.ca = self.authorities.as_ref().map(Authorities::certificates);
        check.peer_template.options.connection_timeout = Some(self.timeout);
        check
    }

    fn page(&self, path: &str) -> HttpHealthCheck {
        let mut check = HttpHealthCheck::new(&self.server_name, self.wire == Wire::Https);
        if let Ok(mut head) = RequestHeader::build("GET", path.as_bytes(), None) {
            let _ = head.insert_header("Host", &self.host);
            let _ = head.insert_header("User-Agent", "linkgate-health");
            check.req = head;
        }
        let options = &mut check.peer_template.options;
        options.ca = self.authorities.as_ref().map(Authorities::certificates);
        options.connection_timeout = Some(self.timeout);
        options.read_timeout = Some(self.timeout);
        match self.wire {
            Wire::H2c => options.set_http_version(2, 2),
            Wire::Http | Wire::Https => options.alpn = ALPN::H1,
        }
        check.validator = Some(Box::new(|answer| match answer.status {
            StatusCode::SWITCHING_PROTOCOLS => not_well(answer.status),
            status if status.is_success() || status.is_redirection() => Ok(()),
            status => not_well(status),
        }));
        check
    }
}

fn not_well(status: StatusCode) -> pingora::Result<()> {
    Error::e_explain(ErrorType::HTTPStatus(status.as_u16()), "health check")
}

/// A question with a limit on the whole answer (the library limits each read alone), and our words
/// in the log.
struct Bounded {
    question: Box<dyn HealthCheck + Send + Sync>,
    health: Health,
}

#[async_trait]
impl HealthCheck for Bounded {
    async fn check(&self, target: &Backend) -> pingora::Result<()> {
        match tokio::time::timeout(self.health.timeout, self.question.check(target)).await {
            Ok(answer) => answer,
            Err(_) => Error::e_explain(ErrorType::ReadTimedout, "health check"),
        }
    }

    async fn health_status_change(&self, target: &Backend, is_well: bool) {
        let (site, server) = (&*self.health.site, &target.addr);
        if is_well {
            tracing::info!(site, %server, "a server of the application is well again");
        } else {
            tracing::warn!(site, %server, "a server of the application is not well: passed over");
        }
    }

    fn health_threshold(&self, success: bool) -> usize {
        let count = if success { self.health.successes } else { self.health.failures };
        usize::try_from(count).unwrap_or(usize::MAX)
    }
}
