//! Other proxies that ask linkgate (forward-auth): real ones with the files of `conf/forward-auth`,
//! and the exact questions of those that Debian does not have.

mod closed;
mod dialects;
mod walk;
