//! The atomic steps, each one script: Redis runs it as a whole or not at all.
//!
//! Lua here compares and writes texts; what a state may become is decided in Rust, and the script
//! only does it if the state is still the one that was judged.

use ::redis::Script;

macro_rules! scripts {
    ($($name:ident)*; with mail_records: $($noting:ident)*) => {
        /// All scripts, with their digests worked out once.
        pub(super) struct Scripts {
            $(pub(super) $name: Script,)*
            $(pub(super) $noting: Script,)*
        }

        impl Scripts {
            pub(super) fn new() -> Self {
                Self {
                    $($name: Script::new(include_str!(
                        concat!("lua/", stringify!($name), ".lua")
                    )),)*
                    $($noting: Script::new(concat!(
                        include_str!("lua/mail_records.lua"),
                        include_str!(concat!("lua/", stringify!($noting), ".lua"))
                    )),)*
                }
            }
        }
    };
}

scripts! {
    latest count_try touch end sessions_of change_account accounts add_token tokens revoke_token hit
    pause counted lift records forget replace_roster adopt append_events events_of
    forget_account remember_erasure session_records rewrite_events trim_events delivery_counts suppressions
    lift_suppression erase_deliveries;
    with mail_records: begin settle claim done retry sweep note deliveries deliveries_of suppress
}
