//! A memory that finds what a case scripts, and else what it holds.

use super::script::{Answer, Script};
use async_trait::async_trait;
use chatter_memory::{Embedded, Memory};
use chatter_protocol::{
    Timestamp,
    memory::{Entry, Error, NewEntry, Query, Scope},
};

/// The memory of all cases of a suite; each case has a scope of its own.
pub(super) struct Scripted {
    kept: Embedded,
    finds: Script<Result<Vec<Entry>, Error>>,
}

impl Scripted {
    pub(super) fn new() -> Result<Self, Error> {
        Ok(Self {
            kept: Embedded::in_memory()?,
            finds: Script::default(),
        })
    }

    /// Takes what the next case's searches come to in place of what is left.
    pub(super) fn script(&self, answers: Vec<Answer<Result<Vec<Entry>, Error>>>) {
        self.finds.set(answers);
    }
}

#[async_trait]
impl Memory for Scripted {
    async fn search(&self, scope: &Scope, query: &Query) -> Result<Vec<Entry>, Error> {
        let Some(answer) = self.finds.next(&query.text) else {
            return self.kept.search(scope, query).await;
        };
        // Whatever is scripted, it gets no more than it asks for.
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let wanted =
            |entry: &Entry| query.kinds.is_empty() || query.kinds.contains(&entry.entry.kind);
        Ok(answer?.into_iter().filter(wanted).take(limit).collect())
    }

    async fn remember(
        &self,
        scope: &Scope,
        write_id: &str,
        entry: &NewEntry,
        at: Timestamp,
    ) -> Result<(), Error> {
        self.kept.remember(scope, write_id, entry, at).await
    }

    fn describe(&self) -> String {
        "what the cases say".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_protocol::{RoomId, memory::Kind};

    fn entry(kind: Kind, text: &str) -> NewEntry {
        NewEntry {
            kind,
            text: text.into(),
            about: None,
            confidence: 1.0,
            source: None,
        }
    }

    #[tokio::test]
    async fn what_is_scripted_is_found_before_what_is_kept_and_no_more_than_is_asked_for() {
        let memory = Scripted::new().unwrap();
        let scope = Scope {
            room: RoomId::new("main/case").unwrap(),
            persona: "nova".parse().unwrap(),
        };
        let at = Timestamp::from_millis(0);
        let kept = entry(Kind::Preference, "tea is kept");
        memory.remember(&scope, "1", &kept, at).await.unwrap();
        let found = |texts: &[(Kind, &str)]| {
            let entries = texts.iter().map(|(kind, text)| Entry {
                id: (*text).into(),
                entry: entry(*kind, text),
                at,
                score: 1.0,
            });
            Ok(entries.collect())
        };
        let once = |what| Answer {
            when: None,
            always: false,
            what,
        };
        memory.script(vec![
            once(found(&[
                (Kind::RunningJoke, "kettle"),
                (Kind::Preference, "milk"),
                (Kind::Preference, "sugar"),
            ])),
            once(Err(Error::Unavailable("gone".into()))),
            once(found(&[])),
        ]);
        let query = Query {
            text: "tea".into(),
            kinds: vec![Kind::Preference],
            limit: 1,
        };
        let gone = Err(Error::Unavailable("gone".into()));
        let texts = |texts: &[&str]| Ok(texts.iter().map(|text| (*text).to_owned()).collect());
        for expected in [texts(&["milk"]), gone, texts(&[]), texts(&["tea is kept"])] {
            let got = memory.search(&scope, &query).await;
            let got: Result<Vec<String>, Error> =
                got.map(|entries| entries.into_iter().map(|found| found.entry.text).collect());
            assert_eq!(got, expected);
        }
    }
}
