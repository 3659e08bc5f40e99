//! The scripts: each runs in the server as a whole.

use chatter_bus::redis::Script;

macro_rules! scripts {
    ($($name:ident: $($file:literal)+;)+) => {
        /// All of them.
        pub(super) struct Scripts {
            $(pub(super) $name: Script,)+
        }

        impl Scripts {
            pub(super) fn new() -> Self {
                Self {
                    $($name: Script::new(
                        stringify!($name),
                        concat!($(include_str!(concat!("scripts/", $file, ".lua"))),+),
                    ),)+
                }
            }
        }
    };
}

scripts! {
    append: "room" "append";
    read: "room" "read";
    replace: "replace";
    offset: "offset";
    desk: "desk";
    commit: "commit";
    state: "state";
    lines: "lines";
    settle: "settle";
    fates: "fates";
    enter: "enter";
    outbox: "outbox";
    delivered: "delivered";
    forget: "forget";
    session: "session";
    take: "take";
    give_up: "give_up";
    meet: "members" "meet";
    present: "members" "present";
}
