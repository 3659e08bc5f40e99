//! Who works on the same store while a command does.

use super::{Opened, counted};
use crate::{
    Failure,
    said::note,
    serve::{Joints, Unjoined},
    settings::Bus,
};
use chatter_memory::AT_HAND;
use chatter_store::Duty;

impl Opened {
    /// The memory's file belongs to a chatter that runs on it; Mem0 belongs to nobody, and Redis to all on it. Also
    /// gives the store, with what still waits in it to be remembered, unless a running chatter has it for itself.
    pub(super) async fn alone(&self) -> Result<Option<Joints>, Failure> {
        if let Some(password) = self.settings.bus.missing_password() {
            return Err(Failure::usage(password.to_string()));
        }
        match Joints::new(&self.settings.bus, &self.data).await {
            Ok(joints) => Ok(Some(joints)),
            Err(Unjoined::InUse(_)) if self.is_mem0() => match &self.settings.bus {
                Bus::Memory => Ok(None),
                Bus::Redis(server) => Joints::on_redis(server).await.map(Some),
            },
            Err(why) => Err(why.into()),
        }
    }
}

/// Who works with memories meanwhile.
pub(super) enum Beside {
    Nobody,
    /// A chatter that has the store for itself.
    Chatter,
    /// Workers that share the store, by name.
    Workers(Vec<String>),
}

impl Beside {
    pub(super) async fn those_at(joints: Option<&Joints>) -> Result<Self, Failure> {
        let Some(joints) = joints else {
            return Ok(Self::Chatter);
        };
        let group = Duty::Personas.group();
        let present = joints.store.duties().present(group).await;
        let workers = present.map_err(|error| Failure::caused(&error))?;
        Ok(if workers.is_empty() {
            Self::Nobody
        } else {
            Self::Workers(workers)
        })
    }

    /// Says what may not be forgotten because of them, at Mem0 or not.
    pub(super) fn tell(&self, is_mem0: bool) {
        let (who, what) = match self {
            Self::Nobody => return,
            Self::Chatter => (
                "a chatter is running on this data folder".to_owned(),
                "what it has not delivered yet",
            ),
            Self::Workers(workers) => (
                format!(
                    "{} at work on this store ({})",
                    counted(workers.len(), "worker"),
                    workers.join(", ")
                ),
                "what was just being delivered, or comes of a call under way,",
            ),
        };
        note(&format!(
            "{who}: {what} may still be remembered; look again with `chatter memory search`"
        ));
        if is_mem0 {
            note(&format!(
                "should Mem0 be away, personas there may still be given what was found or written in the last {} minutes; \
                 a chatter that is started again has none of it",
                AT_HAND.as_secs() / 60
            ));
        }
    }
}
