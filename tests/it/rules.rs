//! Access rules as operators meet them: in the commands, on the wire, and before real servers.

mod commands;
mod networks;
mod options;
mod renewal;
mod servers;
mod site_options;
mod sites;
