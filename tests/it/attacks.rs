//! The running proxy against the attack corpora.
//!
//! `proxy_cases.tsv` and `redirects.tsv` under `tests/data` are collections of everything that has
//! broken a proxy of this kind: each row is sent to a real process, and an application behind it
//! tells what arrived. The other modules ask the same of whole families, where a row is one example.

mod answers;
mod case;
mod cases;
mod conditions;
mod cookies;
mod corpus;
mod flood;
mod forms;
mod forward_auth;
pub mod frames;
mod identity;
mod normaliser;
mod own_names;
mod paths;
mod posts;
mod redirects;
pub mod scene;
mod targets;
