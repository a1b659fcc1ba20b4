//! What stands behind the ports: the stores and their clock.

pub mod clock;
pub mod embedded;
pub mod redis;
