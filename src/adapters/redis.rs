//! The store of several nodes: Redis.
