//! The questions of proxies that Debian does not have, as their documentation and source say.
