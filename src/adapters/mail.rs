//! Ways a mail leaves: SMTP, a program, HTTP APIs, a folder, the development inbox, and several of
//! them. What is built here has one message builder, so that a mail is the same whichever way it goes.

pub mod api;
mod dkim;
pub mod folder;
pub mod http;
pub mod inbox;
mod known;
pub mod message;
pub mod rehearsal;
pub mod relays;
pub mod sendmail;
pub mod smtp;
mod words;
