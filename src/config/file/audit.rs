//! What the YAML may say about the audit record.

use serde::Deserialize;

use super::{Map, said};
use crate::config::located::Text;

map! {
    /// `audit`
    AuditFile {
        retention: Text,
        client: Text,
        stdout: Text,
        file: Map<AuditFileFile>,
        syslog: Map<SyslogFile>,
    }
}

map! {
    /// `audit.file`
    AuditFileFile {
        path: Text,
        max_size: Text,
        keep: Text,
    }
}

map! {
    /// `audit.syslog`
    SyslogFile {
        to: Text,
        facility: Text,
    }
}
