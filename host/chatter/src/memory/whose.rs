//! Whose memory a command means.

use super::Opened;
use crate::{
    Failure,
    config::{self, Configuration},
    said::note,
};
use chatter_memory::{Filter, Scopes, Which};
use chatter_protocol::{AuthorId, PersonaId, RoomId, TenantId, memory::Scope};
use clap::Args;
use std::collections::BTreeSet;

/// Whose memory is meant.
#[derive(Debug, Args)]
pub(super) struct Whose {
    /// Only this room's personas, as tenant/room
    #[arg(long, value_name = "TENANT/ROOM")]
    pub(super) room: Option<RoomId>,
    /// Only this tenant's rooms
    #[arg(long, value_name = "TENANT", conflicts_with = "room")]
    pub(super) tenant: Option<TenantId>,
    /// Only this persona
    #[arg(long, value_name = "PERSONA")]
    pub(super) persona: Option<PersonaId>,
    /// Only what is about this person, by its id, such as guest:ana-5f3c (`chatter tail --json` shows it
    /// as author.id)
    #[arg(long, value_name = "PERSON")]
    pub(super) about: Option<AuthorId>,
}

/// How far one looks for whose memories there are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// The memory says it, and the configuration where the memory doesn't know all.
    AsFarAsKnown,
    /// Both say it: nobody is to be left out.
    Everywhere,
}

/// The scopes that are meant.
pub(super) struct Meant {
    /// In order.
    pub(super) scopes: Vec<Scope>,
    /// Whether there may be more that nobody names.
    pub(super) more: bool,
}

impl Whose {
    pub(super) fn filter(&self) -> Filter {
        Filter {
            about: self.about.clone(),
            id: None,
        }
    }

    fn which(&self) -> Which {
        match (&self.room, &self.tenant) {
            (Some(room), _) => Which::Room(room.clone()),
            (None, Some(tenant)) => Which::Tenant(tenant.clone()),
            (None, None) => Which::Every,
        }
    }

    pub(super) fn takes(&self, scope: &Scope) -> bool {
        let is_this = |persona: &PersonaId| *persona == scope.persona;
        self.which().takes(scope) && self.persona.as_ref().is_none_or(is_this)
    }

    /// Whether a memory of this room that can't be read is meant, if one can know.
    pub(super) fn takes_unread(&self, room: &str) -> Option<bool> {
        let is_there = match (&self.room, &self.tenant) {
            (Some(this), _) => room == this.as_str(),
            (None, Some(tenant)) => room.split('/').next() == Some(tenant.as_str()),
            (None, None) => true,
        };
        let is_all = self.persona.is_none() && self.about.is_none();
        (is_all || !is_there).then_some(is_there)
    }

    /// The scopes that are meant.
    pub(super) async fn scopes(&self, opened: &Opened, look: Look) -> Result<Meant, Failure> {
        if let (Some(room), Some(persona)) = (&self.room, &self.persona) {
            return Ok(Meant {
                scopes: vec![Scope {
                    room: room.clone(),
                    persona: persona.clone(),
                }],
                more: false,
            });
        }
        let known = opened.memory.scopes(&self.which()).await;
        let Scopes { mut scopes, more } = known.map_err(Failure::failed)?;
        // The embedded memory's list is whole.
        if more || (opened.is_mem0() && look == Look::Everywhere) {
            let folder = &opened.settings.config;
            match config::load(folder, None) {
                Ok(configuration) => scopes.extend(Self::configured(&configuration)),
                Err(problems) => note(&format!(
                    "the configuration can't be read, so that its rooms and personas are looked for only where the \
                     memory names them: {}; `chatter config check` shows all that is wrong",
                    problems.first().map_or("no reason is known", |first| first)
                )),
            }
        }
        if more {
            note(
                "the memory has looked through a part of what it holds to tell whose memories there are: name --room and \
                 --persona for those that are neither among these nor in the configuration",
            );
        }
        let those = scopes.into_iter().filter(|scope| self.takes(scope));
        let those: BTreeSet<_> = those.map(|scope| (scope.room, scope.persona)).collect();
        let scope = |(room, persona)| Scope { room, persona };
        Ok(Meant {
            scopes: those.into_iter().map(scope).collect(),
            more,
        })
    }

    /// Each persona in each room, whoever sits there today: rosters change.
    fn configured(configuration: &Configuration) -> Vec<Scope> {
        let scope = |room: &RoomId, persona: &PersonaId| Scope {
            room: room.clone(),
            persona: persona.clone(),
        };
        let rooms = configuration.rooms.keys();
        rooms
            .flat_map(|room| {
                let personas = configuration.personas.keys();
                personas.map(move |persona| scope(room, persona))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_can_not_be_read_the_room_alone_is_known() {
        let whose = |room: &str, tenant: &str, persona: &str, about: &str| Whose {
            room: room.parse().ok(),
            tenant: tenant.parse().ok(),
            persona: persona.parse().ok(),
            about: about.parse().ok(),
        };
        let cases = [
            (whose("", "", "", ""), Some(true)),
            (whose("main/lobby", "", "", ""), Some(true)),
            (whose("", "main", "", ""), Some(true)),
            (whose("main/studio", "", "", ""), Some(false)),
            (whose("", "mai", "", ""), Some(false)),
            (whose("", "acme", "nova", "guest:ana"), Some(false)),
            (whose("", "", "nova", ""), None),
            (whose("main/lobby", "", "", "guest:ana"), None),
        ];
        for (whose, takes) in cases {
            assert_eq!(whose.takes_unread("main/lobby"), takes, "{whose:?}");
        }
    }
}
