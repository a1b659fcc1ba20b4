//! The outside, behind the ports: stores and their clock, and the ways a mail leaves.

pub mod argon2;
pub mod audit;
pub mod clock;
pub mod dns;
pub mod embedded;
pub mod kept;
pub mod lent;
pub mod mail;
pub mod ours;
pub mod redis;
pub mod yielding;
