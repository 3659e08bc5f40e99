//! The sound that a page shares: pieces on a topic of the room.

use crate::Condition;
use crate::play::Player;

impl Player {
    pub(crate) async fn browser(&mut self) -> Condition {
        Condition::Failed {
            why: "not yet".into(),
        }
    }
}
