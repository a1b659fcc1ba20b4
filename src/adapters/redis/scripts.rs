//! The atomic steps, each one script: Redis runs it as a whole or not at all.
//!
//! Lua here compares and writes texts; what a state may become is decided in Rust, and the script
//! only does it if the state is still the one that was judged.

use ::redis::Script;

macro_rules! scripts {
    ($($name:ident)*) => {
        /// All scripts, with their digests worked out once.
        pub(super) struct Scripts {
            $(pub(super) $name: Script,)*
        }

        impl Scripts {
            pub(super) fn new() -> Self {
                Self {
                    $($name: Script::new(include_str!(
                        concat!("lua/", stringify!($name), ".lua")
                    )),)*
                }
            }
        }
    };
}

scripts! {
    begin latest count_try settle touch end sessions_of change_account accounts add_token tokens
    revoke_token hit pause counted lift records forget claim done sweep replace_roster append_events events_of
    rewrite_events trim_events adopt
}
