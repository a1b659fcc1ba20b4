//! The outside, behind the ports: stores, clocks and mailers.

pub mod mail;
