//! Ways a mail leaves: SMTP, a folder, the development inbox. They share one message builder, so
//! that a mail is the same whichever way it goes.

pub mod folder;
pub mod inbox;
pub mod message;
pub mod rehearsal;
pub mod smtp;
mod words;
