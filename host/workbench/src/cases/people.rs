//! Who writes in a case's chat.

use super::format::Who;
use chatter_protocol::{Author, AuthorId, AuthorKind, PersonaConfig, message::AI_BADGE};
use std::collections::HashMap;

/// Everybody by name: the same name is the same author.
#[derive(Debug)]
pub(super) struct People(HashMap<String, AuthorId>);

impl People {
    /// Nobody but the persona.
    pub(super) fn new(persona: &PersonaConfig) -> Self {
        Self(HashMap::from([(persona.name.clone(), persona.id.author())]))
    }

    /// The id of somebody; says so if nobody can have that name.
    pub(super) fn id(&mut self, name: &str, who: Who) -> Result<AuthorId, String> {
        if let Some(id) = self.0.get(name) {
            return Ok(id.clone());
        }
        let slug: String = name
            .to_lowercase()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .take(30)
            .collect();
        let prefix = match who {
            Who::Persona => "persona",
            Who::System => "system",
            Who::Viewer | Who::Moderator => "guest",
        };
        let id: AuthorId = format!("{prefix}:{slug}-{:04x}", self.0.len())
            .parse()
            .map_err(|_| format!("nobody in a chat can be called {name:?}"))?;
        self.0.insert(name.to_owned(), id.clone());
        Ok(id)
    }

    /// Somebody who writes a line.
    pub(super) fn author(&mut self, name: &str, who: Who) -> Result<Author, String> {
        Ok(Author {
            id: self.id(name, who)?,
            name: name.to_owned(),
            kind: match who {
                Who::Viewer => AuthorKind::Viewer,
                Who::Moderator => AuthorKind::Moderator,
                Who::Persona => AuthorKind::Persona,
                Who::System => AuthorKind::System,
            },
            color: None,
            badges: match who {
                Who::Persona => vec![AI_BADGE.into()],
                _ => Vec::new(),
            },
        })
    }

    /// Whom a line in lower case names with an `@`, but for its author.
    pub(super) fn mentioned(&self, lower: &str, author: &AuthorId) -> Vec<AuthorId> {
        let mut mentions: Vec<AuthorId> = self
            .0
            .iter()
            .filter(|(name, id)| {
                *id != author && lower.contains(&format!("@{}", name.to_lowercase()))
            })
            .map(|(_, id)| id.clone())
            .collect();
        mentions.sort();
        mentions
    }
}
