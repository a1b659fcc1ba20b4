//! Many at once: one link is one session, and nobody is taken for somebody else.

mod clicks;
mod nodes;
mod people;
