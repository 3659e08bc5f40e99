//! A persona's seat in a room: who sits there, and how it does.

use crate::{Seat, shadow::Shadow};
use chatter_protocol::{
    PersonaStatus, RoomId, Timestamp, V1,
    call::{CallLimits, LineFate, Profile},
    memory,
    message::{AI_BADGE, Author, AuthorKind},
    persona::{Calls, Health, ModuleRef},
};
use chatter_runtime::{ModuleStatus, Personas, Route};
use chatter_store::StoredState;
use std::{sync::Arc, time::Duration};

/// What stays the same until the configuration changes.
#[derive(Debug)]
pub(crate) struct Sitter {
    pub(crate) profile: Arc<Profile>,
    pub(crate) author: Author,
    pub(crate) module: Arc<str>,
    /// The module that runs beside it.
    pub(crate) shadow: Option<Arc<str>>,
    pub(crate) scope: memory::Scope,
    pub(crate) limits: CallLimits,
    /// Which language models answer it, if it is not left to the host.
    pub(crate) route: Option<Route>,
}

impl Sitter {
    pub(crate) fn new(
        room: &RoomId,
        seat: &Seat,
        limits: CallLimits,
        route: Option<Route>,
    ) -> Self {
        let config = &seat.config;
        Self {
            profile: Arc::new(Profile {
                id: config.id.clone(),
                name: config.name.clone(),
                bio: config.bio.clone(),
                style: config.style.clone(),
                traits: config.traits.clone(),
                drift: Default::default(),
                relationships: Vec::new(),
            }),
            author: Author {
                id: config.id.author(),
                name: config.name.clone(),
                kind: AuthorKind::Persona,
                color: config.color.clone(),
                badges: vec![AI_BADGE.into()],
            },
            module: seat.module.as_str().into(),
            shadow: seat.shadow.as_deref().map(Into::into),
            scope: memory::Scope {
                room: room.clone(),
                persona: config.id.clone(),
            },
            limits,
            route,
        }
    }
}

/// What is known of the store's content without asking. The worker alone writes a persona's state,
/// so what it committed last is what the store holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// `None`: to be loaded.
    pub(crate) state: Option<Option<StoredState>>,
    /// `None`: may have changed.
    pub(crate) fates: Option<Vec<LineFate>>,
}

/// A persona in a room, as long as it is there.
#[derive(Debug)]
pub(crate) struct Occupied {
    /// What the sitter is made of.
    pub(crate) seat: Seat,
    pub(crate) sitter: Arc<Sitter>,
    /// Whether it only waits for the end of its call.
    pub(crate) leaving: bool,
    pub(crate) known: Known,
    module: Result<ModuleStatus, String>,
    pub(crate) shadow: Option<Shadow>,
    failing: Option<String>,
    calls: u64,
    failures: u64,
    lines: u64,
}

/// What is new about a persona's module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// What is to be told of it.
    Status,
    /// It is another component, or has become available or unavailable.
    Component,
}

impl Occupied {
    pub(crate) fn new(seat: Seat, sitter: Sitter, module: Result<ModuleStatus, String>) -> Self {
        Self {
            seat,
            sitter: Arc::new(sitter),
            leaving: false,
            known: Known::default(),
            module,
            shadow: None,
            failing: None,
            calls: 0,
            failures: 0,
            lines: 0,
        }
    }

    pub(crate) fn is_available(&self) -> bool {
        self.module.is_ok()
    }

    /// Which calls its module wants.
    pub(crate) fn calls(&self) -> Calls {
        self.module
            .as_ref()
            .map_or(Calls::ALL, |status| status.module.calls)
    }

    /// Notes what the module is now, and what is new about it. Another component starts with a clean
    /// slate.
    pub(crate) fn see_module(&mut self, module: Result<ModuleStatus, String>) -> Option<News> {
        let component = |module: &Result<ModuleStatus, String>| {
            module.as_ref().ok().map(|status| status.module.clone())
        };
        let news = if component(&self.module) != component(&module) {
            self.failing = None;
            Some(News::Component)
        } else {
            (self.module != module).then_some(News::Status)
        };
        self.module = module;
        news
    }

    /// Notes a call that returned; whether the persona's health changed.
    pub(crate) fn returned(&mut self, lines: usize) -> bool {
        self.calls += 1;
        self.lines += lines as u64;
        self.failing.take().is_some()
    }

    /// Notes a call that failed; whether the persona's health changed.
    pub(crate) fn failed(&mut self, detail: String) -> bool {
        self.calls += 1;
        self.failures += 1;
        self.failing.replace(detail).is_none()
    }

    /// What is told of it. With what its calls reach something may be wrong too: it goes on without.
    pub(crate) fn status(&self, at: Timestamp, personas: &dyn Personas) -> PersonaStatus {
        let (health, own) = match (&self.module, &self.failing) {
            (Err(detail), _) => (Health::Unavailable, detail.clone()),
            (Ok(_), Some(detail)) => (Health::Failing, detail.clone()),
            (Ok(status), None) => (Health::Ok, status.trouble.clone().unwrap_or_default()),
        };
        let around = personas.trouble(&self.sitter.scope, self.sitter.route.as_ref());
        let details = [own, around];
        let details = details.iter().filter(|detail| !detail.is_empty());
        let detail = details.map(String::as_str).collect::<Vec<_>>().join("; ");
        let Sitter {
            profile,
            author,
            module,
            scope,
            ..
        } = &*self.sitter;
        PersonaStatus {
            v: V1,
            room_id: scope.room.clone(),
            persona_id: scope.persona.clone(),
            name: profile.name.clone(),
            bio: profile.bio.clone(),
            traits: profile.traits_now(),
            color: author.color.clone(),
            module: match &self.module {
                Ok(status) => ModuleRef::clone(&status.module),
                Err(_) => ModuleRef {
                    name: module.to_string(),
                    digest: String::new(),
                    contract: String::new(),
                    version: String::new(),
                    calls: Calls::ALL,
                },
            },
            health,
            detail,
            calls: self.calls,
            failures: self.failures,
            lines: self.lines,
            shadow: self.shadow.as_ref().map(Shadow::status),
            left: self.leaving,
            at,
        }
    }
}

/// Waits between tries: each twice as long as the one before, up to a longest.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    pub(crate) const fn new(first: Duration, longest: Duration) -> Self {
        Self {
            next: first,
            longest,
        }
    }

    pub(crate) async fn wait(&mut self) {
        tokio::time::sleep(self.next).await;
        self.next = (self.next * 2).min(self.longest);
    }
}
