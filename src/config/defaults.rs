//! What holds where the file says nothing. Written here only; a test compares them with
//! `conf/linkgate.yaml`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::settings::{
    AuditConfig, CopiesConfig, LogConfig, LogFormat, LogLevel, OtherBrowser, Prefix, Retention,
    ServerConfig, SessionConfig, SignInConfig, SiteLimits,
};
use crate::domain::colour::Colour;
use crate::domain::event::Tracing;
use crate::domain::limit::{CountedAlone, Limit};
use crate::domain::password::PasswordTerms;
use crate::domain::session::Lifetimes;
use crate::domain::time::Span;

/// When it is full of people who are all at work: about 1.4 GB (docs/scale.md, Memory).
pub(super) const COPIES: CopiesConfig =
    CopiesConfig { most: 1_000_000, trust: Duration::from_secs(2), grace: Duration::ZERO };

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The ground of the page's card, on which the buttons stand, in the light scheme and in the dark
/// one.
pub(super) const CARD: Colour = Colour::WHITE;
pub(super) const CARD_DARK: Colour = Colour::new(0x1b, 0x1e, 0x25);

pub(super) const ADMIN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9180);

pub(super) const LINK_LIFETIME: Duration = Duration::from_secs(10 * MINUTE);
/// Shorter, and a mail that is checked on its way arrives too late.
pub(super) const SHORTEST_LINK: Span = Span::seconds(MINUTE);
/// Longer, and a mailbox that is read by somebody else later still opens the door.
pub(super) const LONGEST_LINK: Span = Span::seconds(HOUR);
pub(super) const OTHER_BROWSER: OtherBrowser = OtherBrowser::Address;

pub(super) const HISTORY: Duration = Duration::from_secs(7 * DAY);
pub(super) const SHORTEST_HISTORY: Span = Span::seconds(HOUR);
pub(super) const LONGEST_HISTORY: Span = Span::seconds(365 * DAY);

pub(super) const SHORTEST_RETENTION: Span = Span::seconds(HOUR);
pub(super) const LONGEST_RETENTION: Span = Span::seconds(365 * DAY);

pub(super) const SHORTEST_SESSION: Span = Span::seconds(MINUTE);
pub(super) const LONGEST_SESSION: Span = Span::seconds(365 * DAY);

pub(super) const SHORTEST_TIMEOUT: Span = Span::seconds(1);
pub(super) const LONGEST_TIMEOUT: Span = Span::seconds(HOUR);
/// A mail is claimed by one courier for a minute, and that must be over before it is claimed again.
pub(super) const LONGEST_SMTP_TIMEOUT: Span = Span::seconds(50);
/// Where the file system standard puts it.
pub(super) const SENDMAIL: &str = "/usr/sbin/sendmail";
pub(super) const SMTP_TIMEOUT: Duration = Duration::from_secs(20);
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
pub(super) const READ_TIMEOUT: Duration = Duration::from_secs(60);
pub(super) const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
pub(super) const HEALTH_INTERVAL: Duration = Duration::from_secs(10);
pub(super) const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);
pub(super) const HEALTH_FAILURES: u32 = 2;
pub(super) const HEALTH_SUCCESSES: u32 = 1;
pub(super) const MOST_HEALTH_COUNT: u32 = 100;
pub(super) const REDIS_PREFIX: &str = "linkgate";

/// Shorter, and clocks that differ by a minute refuse what is genuine.
pub(super) const SHORTEST_ASSERTION: Span = Span::seconds(MINUTE);
/// Longer, and a group that somebody left is believed for longer.
pub(super) const LONGEST_ASSERTION: Span = Span::seconds(5 * MINUTE);

/// Shorter passwords are for those who add a second factor (NIST SP 800-63B-4, 3.1.1.2).
pub(super) const MIN_PASSWORD: u32 = 15;
/// The least that any installation may ask for, and the most.
pub(super) const LEAST_MIN_PASSWORD: u32 = 8;
pub(super) const MOST_MIN_PASSWORD: u32 = 64;

impl Default for SignInConfig {
    fn default() -> Self {
        Self {
            total_limit: Limit { count: 5_000, window: Span::seconds(HOUR) },
            used_link_retention: Duration::from_secs(30 * DAY),
            mail_buttons: true,
            remember_address: true,
            passwords: PasswordTerms {
                min_length: MIN_PASSWORD,
                person_limit: Limit { count: 10, window: Span::seconds(HOUR) },
                client_limit: Limit { count: 30, window: Span::seconds(HOUR) },
                network_limit: Limit { count: 300, window: Span::seconds(HOUR) },
            },
        }
    }
}

impl Default for SiteLimits {
    fn default() -> Self {
        Self {
            email: Limit { count: 3, window: Span::seconds(HOUR) },
            ip: Limit { count: 10, window: Span::seconds(HOUR) },
            network: Limit { count: 50, window: Span::seconds(HOUR) },
            site: Limit { count: 1_000, window: Span::seconds(HOUR) },
            alone: CountedAlone::default(),
        }
    }
}

impl Default for SessionConfig {
    fn default() -> Self {
        let idle = Duration::from_secs(12 * HOUR);
        let absolute = Duration::from_secs(7 * DAY);
        Self { lifetimes: Lifetimes { idle, absolute }, domain: None }
    }
}

impl Default for Prefix {
    fn default() -> Self {
        Self::new("/.linkgate".to_owned())
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            threads: None,
            connections_per_peer: 256,
            connections_total: 10_000,
            request_head: Duration::from_secs(10),
            write_timeout: Duration::from_secs(60),
            drain: Duration::from_secs(30),
            drain_streams: Duration::from_secs(5),
        }
    }
}

pub(super) const SHORTEST_AUDIT: Span = Span::seconds(DAY);
/// Ten years, for those whose law says so.
pub(super) const LONGEST_AUDIT: Span = Span::seconds(3_650 * DAY);
pub(super) const AUDIT_FILE_SIZE: u64 = 64 << 20;
pub(super) const AUDIT_FILES: u32 = 5;
pub(super) const SYSLOG_FACILITY: u8 = 10;

impl Default for AuditConfig {
    fn default() -> Self {
        Self {
            retention: Retention::For(Duration::from_secs(90 * DAY)),
            client: Tracing::default(),
            stdout: false,
            file: None,
            syslog: None,
        }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: LogLevel::Info }
    }
}
