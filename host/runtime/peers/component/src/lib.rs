//! The reactor as chatter calls it.

persona_sdk::export!(reactor::Reactor);
