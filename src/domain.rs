//! The pure core: what an address, a token, a path, a rule, an attempt and a session *are*.
//!
//! No async, no I/O, no clock, no randomness, no web types. Everything that comes from outside is
//! parsed into one of these types or refused; a value of such a type needs no second look.

pub mod account;
pub mod attempt;
pub mod client;
pub mod code;
pub mod colour;
pub mod delivery;
pub mod device;
pub mod disclosure;
pub mod dkim;
pub mod email;
pub mod event;
pub mod header;
pub mod identity;
pub mod language;
pub mod letter;
pub mod limit;
pub mod mailbox;
pub mod navigation;
pub mod origin;
pub mod outcome;
pub mod password;
pub mod path;
pub mod policy;
pub mod remembered;
pub mod return_url;
pub mod secret;
pub mod sender;
pub mod service_token;
pub mod session;
pub mod signing;
pub mod site;
pub mod size;
pub mod terms;
pub mod time;
pub mod token;
pub mod trace;
