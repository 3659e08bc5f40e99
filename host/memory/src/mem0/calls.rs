//! Mem0's routes, and what is made of its answers.

use super::{
    Api, Mem0, OPERATOR_WAIT,
    found::{self, Found, Page},
    wire::{self, Added, Event},
};
use chatter_http::{Answer, Ask, Method};
use chatter_protocol::{
    AuthorId,
    memory::{Error, Scope},
};
use metrics::counter;
use serde_json::{Value, json};
use std::{sync::atomic::Ordering, time::Duration};
use tokio::time::{Instant, sleep};

/// The most entries that the open-source server lists.
const LISTED: usize = 1_000;

/// So many memories the open-source server looks through for their users (`SCAN_LIMIT` of its
/// `routers/entities.py`).
const SCANNED: u64 = 10_000;

/// Entries on a page of the hosted API, its most.
const PAGE: &str = "200";

/// The most pages that are read.
const PAGES: usize = 100;

/// How long to wait before an event is looked at for the first time, and at most.
const FIRST_LOOK: Duration = Duration::from_millis(50);
const LONGEST_LOOK: Duration = Duration::from_secs(2);

/// How it ended what takes its time.
enum Ended {
    Done,
    /// It will not happen.
    Failed(Error),
    /// It may happen yet.
    Unknown(Error),
}

impl Mem0 {
    // === Entries ===

    pub(super) async fn add(
        &self,
        scope: &Scope,
        write_id: &str,
        body: &Value,
    ) -> Result<(), Error> {
        let until = Instant::now() + self.write_wait;
        let user = scope.to_string();
        let event = match self.accepted.event(&user, write_id) {
            Some(event) => event,
            None => match self.add_now(body).await? {
                Added::Kept => return Ok(()),
                Added::Failed(why) => return Err(self.failed(&why)),
                Added::Later(event) => {
                    self.accepted.keep(&user, write_id, &event);
                    event
                }
            },
        };
        let (how, is_settled) = match self.until_done(scope, &event, until).await {
            Ended::Done => (Ok(()), true),
            Ended::Failed(error) => (Err(error), true),
            Ended::Unknown(error) => (Err(error), false),
        };
        if is_settled {
            self.accepted.drop(&user, write_id);
        }
        how
    }

    async fn add_now(&self, body: &Value) -> Result<Added, Error> {
        let path: &[&str] = match self.api {
            Api::OpenSource => &["memories"],
            Api::Hosted => &["v3", "memories", "add", ""],
        };
        let answer = self
            .ask(Method::POST, path, &[], Some(body), self.write_wait)
            .await?;
        if matches!(answer.status, 400 | 413 | 422) {
            return Err(Error::Refused(self.complaint(&answer)));
        }
        wire::added(&self.well(answer)?).map_err(|how| self.wrong(how))
    }

    fn failed(&self, why: &str) -> Error {
        let (server, why) = (self.server.shown(), self.server.brief(why));
        Error::Unavailable(format!("{server} failed: {why}"))
    }

    /// Waits until what was asked for has happened.
    async fn until_done(&self, scope: &Scope, event: &str, until: Instant) -> Ended {
        let mut look = FIRST_LOOK;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left <= look {
                let server = self.server.shown();
                return Ended::Unknown(Error::Unavailable(format!(
                    "{server} did not finish what was asked of it for {scope} in time"
                )));
            }
            sleep(look).await;
            look = (look * 2).min(LONGEST_LOOK);
            let path = ["v1", "event", event, ""];
            let left = until.saturating_duration_since(Instant::now());
            let answer = match self.ask(Method::GET, &path, &[], None, left).await {
                Ok(answer) => answer,
                Err(error) => return Ended::Unknown(error),
            };
            let is_gone = matches!(answer.status, 404 | 410);
            let event = self
                .well(answer)
                .and_then(|body| wire::event(&body).map_err(|how| self.wrong(how)));
            match event {
                Ok(Event::Running) => {}
                Ok(Event::Succeeded) => return Ended::Done,
                Ok(Event::Failed(why)) => return Ended::Failed(self.failed(&why)),
                Err(error) if is_gone => return Ended::Failed(error),
                Err(error) => return Ended::Unknown(error),
            }
        }
    }

    /// Searches by words and meaning, among the entries whose metadata has this value, if one is
    /// given.
    pub(super) async fn find(
        &self,
        scope: &Scope,
        text: &str,
        (key, value): (&str, Option<&str>),
        limit: usize,
    ) -> Result<Vec<Found>, Error> {
        let mut filters = json!({ "user_id": scope.to_string() });
        if let Some(value) = value {
            match self.api {
                Api::OpenSource => filters[key] = value.into(),
                Api::Hosted => filters["metadata"] = json!({ key: value }),
            }
        }
        let body = json!({ "query": text, "filters": filters, "top_k": limit });
        let page = self.search_page(scope, &body, self.search_wait).await?;
        Ok(page.found)
    }

    /// The entries about somebody, also beyond what is listed.
    pub(super) async fn about(&self, scope: &Scope, about: &AuthorId) -> Result<Vec<Found>, Error> {
        let about = about.as_str();
        let filters = match self.api {
            Api::OpenSource => json!({ "user_id": scope.to_string(), "about": about }),
            Api::Hosted => json!({ "user_id": scope.to_string(), "metadata": { "about": about } }),
        };
        let body = json!({ "query": about, "filters": filters, "top_k": LISTED, "threshold": 0.0 });
        let page = self.search_page(scope, &body, OPERATOR_WAIT).await?;
        Ok(page.found)
    }

    /// The entries that are most like a text, also beyond what is listed.
    pub(super) async fn like(&self, scope: &Scope, text: &str) -> Result<Vec<Found>, Error> {
        let filters = json!({ "user_id": scope.to_string() });
        let body = json!({ "query": text, "filters": filters, "top_k": LISTED, "threshold": 0.0 });
        let page = self.search_page(scope, &body, OPERATOR_WAIT).await?;
        Ok(page.found)
    }

    /// An entry by its id, if it is this scope's.
    pub(super) async fn one(&self, scope: &Scope, id: &str) -> Result<Option<Found>, Error> {
        let path: &[&str] = match self.api {
            Api::OpenSource => &["memories", id],
            Api::Hosted => &["v1", "memories", id, ""],
        };
        let answer = self
            .ask(Method::GET, path, &[], None, OPERATOR_WAIT)
            .await?;
        if answer.status == 404 {
            return Ok(None);
        }
        let body = self.well(answer)?;
        found::one(&body, scope).map_err(|how| self.wrong(how))
    }

    async fn search_page(
        &self,
        scope: &Scope,
        body: &Value,
        wait: Duration,
    ) -> Result<Page, Error> {
        let path: &[&str] = match self.api {
            Api::OpenSource => &["search"],
            Api::Hosted => &["v3", "memories", "search", ""],
        };
        let answer = self.ask(Method::POST, path, &[], Some(body), wait).await?;
        self.page(answer, scope)
    }

    /// All entries of a scope, and whether there are more than the server lists.
    pub(super) async fn list_all(
        &self,
        scope: &Scope,
        wait: Duration,
    ) -> Result<(Vec<Found>, bool), Error> {
        let until = Instant::now() + wait;
        let user = scope.to_string();
        if self.api == Api::OpenSource {
            let at_most = LISTED.to_string();
            let query = [
                ("user_id", &*user),
                ("top_k", &at_most),
                ("show_expired", "true"),
            ];
            let answer = self
                .ask(Method::GET, &["memories"], &query, None, wait)
                .await?;
            let page = self.page(answer, scope)?;
            return Ok((page.found, page.results >= LISTED));
        }
        let body = json!({ "filters": { "user_id": user } });
        let mut found = Vec::new();
        for number in 1..=PAGES {
            let number = number.to_string();
            let query = [("page", &*number), ("page_size", PAGE)];
            let left = until.saturating_duration_since(Instant::now());
            let path = ["v3", "memories", ""];
            let answer = self
                .ask(Method::POST, &path, &query, Some(&body), left)
                .await?;
            let page = self.page(answer, scope)?;
            found.extend(page.found);
            if !page.next {
                return Ok((found, false));
            }
        }
        Ok((found, true))
    }

    // === Forgetting ===

    pub(super) async fn delete(&self, id: &str) -> Result<(), Error> {
        let path: &[&str] = match self.api {
            Api::OpenSource => &["memories", id],
            Api::Hosted => &["v1", "memories", id, ""],
        };
        let answer = self
            .ask(Method::DELETE, path, &[], None, OPERATOR_WAIT)
            .await?;
        if answer.status == 404 {
            // It is gone already.
            return Ok(());
        }
        self.well(answer).map(drop)
    }

    pub(super) async fn delete_all(&self, scope: &Scope) -> Result<(), Error> {
        let until = Instant::now() + OPERATOR_WAIT;
        let path: &[&str] = match self.api {
            Api::OpenSource => &["memories"],
            Api::Hosted => &["v1", "memories", ""],
        };
        let query = [("user_id", &*scope.to_string())];
        let answer = self
            .ask(Method::DELETE, path, &query, None, OPERATOR_WAIT)
            .await?;
        match wire::added(&self.well(answer)?) {
            Ok(Added::Later(event)) => match self.until_done(scope, &event, until).await {
                Ended::Done => Ok(()),
                Ended::Failed(error) | Ended::Unknown(error) => Err(error),
            },
            Ok(Added::Failed(why)) => Err(self.failed(&why)),
            // It says so in words.
            Ok(Added::Kept) | Err(_) => Ok(()),
        }
    }

    // === Scopes ===

    /// The users that have memories, and whether there may be more.
    pub(super) async fn users(&self, wait: Duration) -> Result<(Vec<String>, bool), Error> {
        let until = Instant::now() + wait;
        let path: &[&str] = match self.api {
            Api::OpenSource => &["entities"],
            Api::Hosted => &["v1", "entities", ""],
        };
        let mut all = Vec::new();
        for number in 1..=PAGES {
            let number = number.to_string();
            let query: &[(&str, &str)] = match self.api {
                Api::OpenSource => &[],
                Api::Hosted => &[("page", &number), ("page_size", PAGE)],
            };
            let left = until.saturating_duration_since(Instant::now());
            let answer = self.ask(Method::GET, path, query, None, left).await?;
            let users = wire::users(&self.well(answer)?).map_err(|how| self.wrong(how))?;
            all.extend(users.names);
            if !users.next {
                return Ok((all, users.memories >= SCANNED));
            }
        }
        Ok((all, true))
    }

    // === What is made of answers ===

    async fn ask(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
        wait: Duration,
    ) -> Result<Answer, Error> {
        let ask = Ask {
            method,
            path,
            query,
            headers: &[],
            body,
        };
        let answer = self.server.ask(&ask, wait).await;
        answer.map_err(|failure| Error::Unavailable(failure.to_string()))
    }

    /// The body of a good answer.
    fn well(&self, answer: Answer) -> Result<Vec<u8>, Error> {
        let status = answer.status;
        let hint = match status {
            200..=299 => return Ok(answer.body),
            300..=399 => "; it is not followed: set base_url to where the server is",
            401 | 403 => "; is the key right, and may it do this?",
            404 | 405 => "; are base_url and api right?",
            _ => "",
        };
        let said = self.server.brief(&wire::complaint(&answer.body));
        let said = if said.is_empty() {
            said
        } else {
            format!(" ({said})")
        };
        let server = self.server.shown();
        Err(Error::Unavailable(format!(
            "{server} answered {status}{said}{hint}"
        )))
    }

    fn complaint(&self, answer: &Answer) -> String {
        let said = self.server.brief(&wire::complaint(&answer.body));
        let server = self.server.shown();
        format!("{server} answered {}: {said}", answer.status)
    }

    fn page(&self, answer: Answer, scope: &Scope) -> Result<Page, Error> {
        let page = found::page(&self.well(answer)?, scope).map_err(|how| self.wrong(how))?;
        if page.foreign > 0 {
            counter!("chatter_memory_foreign_total").increment(page.foreign as u64);
            if !self.told.swap(true, Ordering::Relaxed) {
                let server = self.server.shown();
                tracing::warn!(
                    %server, %scope,
                    "the memory gave entries of another scope, or of none; such are dropped, here and later"
                );
            }
        }
        Ok(page)
    }

    fn wrong(&self, how: &str) -> Error {
        Error::Unavailable(format!("{} answered {how}", self.server.shown()))
    }
}
