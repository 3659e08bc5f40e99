//! Memories in [Mem0](https://docs.mem0.ai): its open-source server, or its hosted API v3.
//!
//! A scope is a Mem0 user, `room:{room_id}|agent:{persona}`. An entry is one memory that is stored as
//! it is (`infer: false`), with flat metadata, the same for both: `type`, `confidence`, `room`, `agent`, `at`,
//! `write_id`, and where there is one `about` and `source`. Mem0 keeps what arrives twice twice: a
//! second copy is dropped when entries are read, by its write id, and so is what says the same of
//! the same person ([`fold`](crate::entry::fold)).
//!
//! What Mem0 answers is not trusted: it is read up to a bound, must have the shape that is
//! documented, and what is of another scope than was asked for is dropped. It ranks by its own score
//! (of meaning, words and names), which is scaled so that the best entry has 1; a search without words
//! finds the latest entries. Seen on the real server (`mem0ai` 2.2.1) and heeded: ids belong into
//! `filters`, and an empty query is a 400; adding what is known may be answered with no result; what
//! fails behind the server is a 502; a deleted memory is a 404, and read it is `null`. As the hosted API is
//! documented (its OpenAPI description) and heeded: an answer need not name an entry's user, which `room` and
//! `agent` then prove; additions may be done at once or later, by an event.

mod accepted;
mod calls;
mod found;
mod wire;

use crate::{Archive, Filter, Listing, Memory, SEARCH_LIMIT, Scopes, Which, entry};
use accepted::Accepted;
use async_trait::async_trait;
use chatter_http::{Auth, BaseUrl, ConfigError, Secret, Server};
use chatter_protocol::{
    Timestamp,
    memory::{Entry, Error, Kind, NewEntry, Query, Scope},
};
use found::Found;
use futures_util::future::try_join_all;
use serde::Deserialize;
use std::{collections::BTreeSet, str::FromStr, sync::atomic::AtomicBool, time::Duration};

/// The longest answer that is read: the open-source server lists up to 1,000 memories at a time.
const MAX_BODY: usize = 4 << 20;

/// Where the hosted API of Mem0 is.
pub const HOSTED: &str = "https://api.mem0.ai";

/// How long an operator's request may take: it is no part of a room's chat.
const OPERATOR_WAIT: Duration = Duration::from_secs(60);

/// So many times a scope is looked through for what is to be forgotten, if it has more than is
/// listed at a time.
const ROUNDS: usize = 100;

/// Which of Mem0's interfaces is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Api {
    /// That of the open-source server.
    #[default]
    OpenSource,
    /// The hosted API, version 3.
    Hosted,
}

impl FromStr for Api {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "open-source" => Ok(Self::OpenSource),
            "hosted" => Ok(Self::Hosted),
            other => Err(format!(
                "{other:?} is no API of Mem0; it can be `open-source` or `hosted`"
            )),
        }
    }
}

impl TryFrom<String> for Api {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// Where Mem0 is, and how it is asked.
#[derive(Clone, Debug)]
pub struct Mem0Config {
    /// Which interface it has.
    pub api: Api,
    /// Its address; the hosted API's own if absent.
    pub base_url: Option<BaseUrl>,
    /// The key: `X-API-Key` for the open-source server, `Authorization: Token` for the hosted API.
    pub key: Option<Secret>,
    /// How long a search may take.
    pub search_wait: Duration,
    /// How long writing an entry may take, the hosted API's processing of it included.
    pub write_wait: Duration,
}

impl Mem0Config {
    /// With the usual times: a search within two seconds (the open-source package took 0.8 s to 1 s with a small
    /// embedder on two cores), a write within twenty.
    #[must_use]
    pub fn new(api: Api, base_url: Option<BaseUrl>, key: Option<Secret>) -> Self {
        Self {
            api,
            base_url,
            key,
            search_wait: Duration::from_secs(2),
            write_wait: Duration::from_secs(20),
        }
    }
}

/// A Mem0 server.
pub struct Mem0 {
    server: Server,
    api: Api,
    search_wait: Duration,
    write_wait: Duration,
    /// Whether it was told that the server gives entries of other scopes.
    told: AtomicBool,
    accepted: Accepted,
}

impl Mem0 {
    /// Checks the settings. The server is asked nothing: it may start later.
    ///
    /// # Errors
    ///
    /// If a setting can't be used; the error says which and why.
    pub fn new(config: Mem0Config) -> Result<Self, ConfigError> {
        let base_url = match (config.base_url, config.api) {
            (Some(base_url), _) => base_url,
            (None, Api::Hosted) => HOSTED.into(),
            (None, Api::OpenSource) => {
                return Err(ConfigError::BaseUrl("the open-source server's is missing"));
            }
        };
        let auth = match (config.key, config.api) {
            (None, _) => Auth::Nothing,
            (Some(key), Api::OpenSource) => Auth::Header("x-api-key", key),
            (Some(key), Api::Hosted) => Auth::Token(key),
        };
        Ok(Self {
            server: Server::new(&base_url, auth, MAX_BODY)?,
            api: config.api,
            search_wait: config.search_wait,
            write_wait: config.write_wait,
            told: AtomicBool::new(false),
            accepted: Accepted::default(),
        })
    }

    /// How long a search may take.
    pub(crate) fn search_wait(&self) -> Duration {
        self.search_wait
    }

    /// Adds the entry of this id to what was listed, if there is `more` than that.
    async fn add_one(
        &self,
        scope: &Scope,
        id: &str,
        more: bool,
        listed: &mut Vec<Found>,
    ) -> Result<(), Error> {
        if more && !listed.iter().any(|found| found.entry.id == id) {
            listed.extend(self.one(scope, id).await?);
        }
        Ok(())
    }
}

#[async_trait]
impl Memory for Mem0 {
    async fn search(&self, scope: &Scope, query: &Query) -> Result<Vec<Entry>, Error> {
        let limit = query.limit.min(SEARCH_LIMIT) as usize;
        if limit == 0 {
            return Ok(Vec::new());
        }
        let text = query.text.trim();
        let mut found = if text.is_empty() {
            let (mut found, _) = self.list_all(scope, self.search_wait).await?;
            found.sort_by_key(|found| std::cmp::Reverse(found.entry.at));
            found
        } else {
            // Copies go, so there may have to be more than are wanted.
            let at_most = limit * 2 + 10;
            let kinds: BTreeSet<_> = query.kinds.iter().map(|kind| kind.as_str()).collect();
            let kinds: Vec<Option<&str>> = if kinds.is_empty() || kinds.len() == Kind::ALL.len() {
                vec![None]
            } else {
                // One search for each: not every store behind Mem0 knows `in`.
                kinds.into_iter().map(Some).collect()
            };
            let searches = kinds
                .into_iter()
                .map(|kind| self.find(scope, text, ("type", kind), at_most));
            let mut found = try_join_all(searches).await?.concat();
            found.sort_by(|a, b| b.entry.score.total_cmp(&a.entry.score));
            found
        };
        let wanted = |kind: &Kind| query.kinds.is_empty() || query.kinds.contains(kind);
        found.retain(|found| wanted(&found.entry.entry.kind));
        let mut entries = entry::fold(found::once(found));
        entries.truncate(limit);
        let best = entries.iter().map(|entry| entry.score).fold(0.0, f64::max);
        for entry in &mut entries {
            entry.score = if text.is_empty() || best <= 0.0 {
                1.0
            } else {
                (entry.score / best).clamp(0.0, 1.0)
            };
        }
        Ok(entries)
    }

    async fn remember(
        &self,
        scope: &Scope,
        write_id: &str,
        entry: &NewEntry,
        at: Timestamp,
    ) -> Result<(), Error> {
        entry::check(write_id, entry)?;
        self.add(scope, write_id, &wire::add(scope, write_id, entry, at))
            .await
    }

    fn write_wait(&self) -> Duration {
        self.write_wait
    }

    fn describe(&self) -> String {
        let api = match self.api {
            Api::OpenSource => "open-source server",
            Api::Hosted => "hosted API",
        };
        format!("Mem0 ({api}), {}", self.server.shown())
    }
}

#[async_trait]
impl Archive for Mem0 {
    async fn scopes(&self, of: &Which) -> Result<Scopes, Error> {
        let (users, more) = self.users(OPERATOR_WAIT).await?;
        let ours = users.iter().filter_map(|user| user.parse::<Scope>().ok());
        let ours: BTreeSet<(_, _)> = ours
            .filter(|scope| of.takes(scope))
            .map(|scope| (scope.room, scope.persona))
            .collect();
        let scope = |(room, persona)| Scope { room, persona };
        Ok(Scopes {
            scopes: ours.into_iter().map(scope).collect(),
            more,
        })
    }

    async fn list(&self, scope: &Scope, filter: &Filter) -> Result<Listing, Error> {
        let (mut found, more) = self.list_all(scope, OPERATOR_WAIT).await?;
        if let (true, Some(about)) = (more, &filter.about) {
            found.extend(self.about(scope, about).await?);
        }
        if let Some(id) = &filter.id {
            self.add_one(scope, id, more, &mut found).await?;
            // Of copies a reader is shown another one, maybe.
            found.retain(|found| found.entry.id == *id);
        }
        let mut entries = entry::fold(found::once(found));
        entries.retain(|entry| filter.takes(entry));
        entries.sort_by_key(|entry| entry.at);
        for entry in &mut entries {
            entry.score = 1.0;
        }
        Ok(Listing { entries, more })
    }

    async fn forget(&self, scope: &Scope, filter: &Filter) -> Result<u64, Error> {
        let is_all = *filter == Filter::default();
        let mut gone = BTreeSet::new();
        for _ in 0..ROUNDS {
            let (mut found, more) = match self.list_all(scope, OPERATOR_WAIT).await {
                // What can't be read can be deleted all the same.
                Err(_) if is_all => (Vec::new(), false),
                listed => listed?,
            };
            if is_all {
                self.delete_all(scope).await?;
            }
            if let (true, Some(about)) = (more, &filter.about) {
                found.extend(self.about(scope, about).await?);
            }
            if let Some(id) = &filter.id {
                self.add_one(scope, id, more, &mut found).await?;
                let target = found.iter().find(|found| filter.takes(&found.entry));
                let Some(target) = target.cloned() else {
                    break;
                };
                if more {
                    found.extend(self.like(scope, &target.entry.entry.text).await?);
                }
                found.retain(|found| found.is_copy_of(&target));
            } else {
                found.retain(|found| filter.takes(&found.entry));
            }
            found.retain(|found| !gone.contains(&found.entry.id));
            if found.is_empty() {
                break;
            }
            for Found { entry, .. } in found {
                if !is_all {
                    self.delete(&entry.id).await?;
                }
                gone.insert(entry.id);
            }
            if !more || filter.id.is_some() {
                break;
            }
        }
        Ok(gone.len() as u64)
    }
}
