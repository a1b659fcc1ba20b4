//! linkgate: a reverse proxy that puts passwordless e-mail sign-in in front of web applications
//! that already exist.
//!
//! # The map
//!
//! Dependencies point one way, and `tests/it/house.rs` holds them to it:
//!
//! ```text
//! domain  ←  ports  ←  gate, adapters  ←  portal  ←  proxy  ←  cli
//!    ↖ config (domain only)  ←─────────────────────────────────┘
//!    ↖ metrics (domain only)  ←  gate, adapters, portal, proxy, cli
//!          ↖ traces  ←  adapters, proxy, cli
//! ```
//!
//! | module | what it knows |
//! |---|---|
//! | [`domain`] | what an address, a token, a path, a rule, an attempt and a session *are*; pure |
//! | [`ports`] | what the use cases need from outside, with the laws each adapter keeps |
//! | [`metrics`] | what is counted and measured; handed to whoever counts |
//! | [`traces`] | what is noted of a request that is sampled |
//! | [`gate`] | the use cases: ask for a link, open it, redeem it, authenticate, sign out |
//! | [`adapters`] | stores (embedded, memory, Redis), the guard before them, their clock, mailers (SMTP, sendmail, HTTP APIs, folder, inbox) |
//! | [`config`] | YAML → domain types; every mistake with its place and cure |
//! | [`portal`] | pages, mails and the JSON API; an axum router that is called in-process |
//! | [`proxy`] | Pingora: the wire guard, the phases of a request, headers, upstreams, the server |
//! | [`cli`] | the commands; [`cli::installation`] joins everything a configuration names |
//!
//! # The life of a request
//!
//! 1. [`proxy::wire`] reads the head before Pingora does: bounded in time and size, strict.
//! 2. [`proxy::arrival`] reads it once: which site, which path in which readings, what kind.
//! 3. Below the reserved prefix [`portal::Portal::answer`] answers. Otherwise:
//! 4. the cookie becomes a genuine [`domain::token::Token`] or nothing, before the store is asked;
//!    [`gate::Gate::authenticate`] finds the session and judges it by the store's time. Before it
//!    looks, others that have come are read, where one thread serves ([`adapters::yielding::Pace`]).
//! 5. [`domain::policy::SitePolicy::decide`] makes a [`domain::policy::Permit`], or not.
//!    [`portal::assertion`] then has ready what the application is told about the visitor.
//! 6. `upstream_peer` takes the peer from the permit; no permit, no peer. In the last request phase
//!    [`proxy::onward`] takes off what a client must not say and puts on what the permit proves.
//!
//! Most requests of somebody who is signed in go all of this way in [`proxy::direct`], which asks the
//! same functions and copies the bytes itself; what is not plain, or does not pass, or has met trouble,
//! goes through Pingora's phases in [`proxy::service`].
//!
//! # The life of a sign-in
//!
//! `POST sign-in` → [`gate::Gate::request_link`]: limits, policy, then attempt and sealed mail in
//! one step of the store → [`portal::courier`] writes and delivers the mail → the link:
//! [`gate::Gate::open_link`] in the browser that asked, [`gate::Gate::redeem_link`] in
//! another, [`gate::Gate::redeem_code`] for the code → [`ports::Attempts::settle`]: the attempt is
//! spent and the session made in one atomic step → `303` to the return URL.
//!
//! Where a site is `hybrid`, [`gate::Gate::redeem_password`] is one more way to the same step: hashed
//! and compared off the threads that serve ([`ports::Passwords`]), for known and unknown alike.
//!
//! # Operators
//!
//! The commands for people and scripts speak to [`portal::admin`], in-process or, while a process has
//! the embedded store open, over its admin listener; [`gate::accounts`], [`gate::tokens`] and
//! [`gate::keys`] are what they can do. A suspension is one step of the store ([`ports::Accounts`]) that
//! [`ports::Attempts::settle`] looks at in its own.
//!
//! # From one process to the next
//!
//! [`cli`]'s `serve` starts the process that takes over, hands it the sockets
//! ([`proxy::server::Doors`]) and leaves in steps ([`proxy::leaving`]): what waits is given a last call,
//! what is undecided comes to its decision, and only then is the embedded store closed
//! ([`adapters::lent::Lent`]).
//!
//! # Whose store it is
//!
//! People are found by hashes under the secret, so in another store nobody is suspended. A store has a
//! mark ([`ports::Upkeep`]), and [`adapters::ours`] stands before every handle: nothing is asked of a
//! store that has not said that it is ours, at the start and every second since.
//!
//! # What is kept in memory
//!
//! A request of somebody who is signed in leaves the process only for the application. Each store keeps
//! copies of sessions, accounts and service tokens ([`adapters::kept`]): the embedded one drops what a
//! commit wrote before it answers, the Redis one what its connection tells of.
//!
//! # Who gives way
//!
//! The threads of the server proxy; our own pages take their steps there in turn ([`proxy::turns`]).
//! Mails and the record are worked on by [`cli`], on threads of lower priority, as are passwords
//! and the writing of the embedded store.
//!
//! # One place to touch
//!
//! | to add | touch | what leads you on |
//! |---|---|---|
//! | a store | `adapters/x.rs`, a variant of [`config::StoreConfig`] | the `match` in [`cli::stores`], the contract suite |
//! | a mail transport | `adapters/mail/x.rs`, a variant of [`config::MailTransport`] | the `match` in `cli/mailers` |
//! | a page | a view in [`portal::pages`] and its template | the snapshot and structure tests |
//! | an endpoint | a line of the router in [`portal`] | the table test over the surface |
//! | a kind of rule | [`domain::policy`] | `match`es, and the property that `explain` agrees |
//! | a header for applications | [`domain::disclosure`], `config/resolve/disclosure` | the `match` over its parts |
//! | a metric | [`metrics`], `docs/watching.md` | the test over dashboard, alerts and documentation |
//! | a key | `config/structure` and `config/resolve` | the test that `conf/linkgate.yaml` names it |
#![forbid(unsafe_code)]

pub mod domain;
pub mod metrics;
pub mod ports;
pub mod traces;

pub mod adapters;
pub mod gate;

pub mod config;
pub mod portal;
pub mod proxy;

pub mod cli;
