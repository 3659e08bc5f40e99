//! A moderation provider that answers by the words of a text.

use crate::host::{Host, soon};
use async_trait::async_trait;
use chatter_gateway::{Assessors, Config};
use chatter_llm::{Assessment, Assessor, Unassessed};
use chatter_protocol::{ModerationPolicy, RoomId, Schematic as _, TenantId};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tokio::{sync::watch, time::Instant};

/// A provider that answers by the words of a text: what holds `rude` is harassment, `vile` has to do with minors,
/// `down` gets no answer, `garbage` is refused with whatever is asked with it, and `slow` gets one when it is let go. It changes its mind: `mellowing` is harassment the
/// first time that it is asked, `souring` has to do with minors from the second time on, and `waning` gets no answer
/// then.
#[derive(Debug)]
pub(crate) struct ByWords {
    asked: Mutex<Vec<Vec<String>>>,
    seen: watch::Sender<usize>,
    go: watch::Sender<bool>,
}

impl ByWords {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            asked: Mutex::default(),
            seen: watch::Sender::new(0),
            go: watch::Sender::new(false),
        })
    }

    pub(crate) fn asked(&self) -> Vec<Vec<String>> {
        self.asked.lock().unwrap().clone()
    }

    /// Waits until it was asked about this text.
    pub(crate) async fn is_asked(&self, text: &str) {
        let mut seen = self.seen.subscribe();
        let is_there = |_: &usize| self.asked().iter().flatten().any(|asked| asked == text);
        soon(seen.wait_for(is_there)).await.unwrap();
    }

    pub(crate) fn let_go(&self) {
        self.go.send_replace(true);
    }
}

#[async_trait]
impl Assessor for ByWords {
    async fn assess(
        &self,
        texts: &[String],
        _: &RoomId,
        _: Instant,
    ) -> Result<Vec<Assessment>, Unassessed> {
        self.asked.lock().unwrap().push(texts.to_vec());
        self.seen.send_modify(|seen| *seen += 1);
        let holds = |word: &str| texts.iter().any(|text| text.contains(word));
        if holds("slow") {
            self.go.subscribe().wait_for(|go| *go).await.unwrap();
        }
        let asked_before = |text: &String| {
            let asked = self.asked().into_iter().flatten();
            asked.filter(|before| before == text).count() > 1
        };
        let wanes = |text: &String| text.contains("waning") && asked_before(text);
        if holds("down") || texts.iter().any(wanes) {
            return Err(Unassessed::unknown("down"));
        }
        if holds("garbage") {
            return Err(Unassessed::of_the_texts("garbage"));
        }
        let assessment = |text: &String| {
            let (holds, again) = (|word| text.contains(word), asked_before(text));
            let rude = holds("rude") || holds("mellowing") && !again;
            let vile = holds("vile") || holds("souring") && again;
            let score = |is_so| if is_so { 0.9 } else { 0.01 };
            Assessment {
                flagged: false,
                scores: [("harassment", rude), ("sexual/minors", vile)]
                    .map(|(category, is_so)| (category.to_owned(), score(is_so)))
                    .into(),
            }
        };
        Ok(texts.iter().map(assessment).collect())
    }

    fn trouble(&self, tenant: &TenantId) -> Option<String> {
        (tenant.as_str() == "main").then(|| "the moderation provider it does not answer".into())
    }
}

pub(crate) fn asking(provider: &Arc<ByWords>, rules: Value) -> impl FnOnce(&mut Config) {
    let assessor: Arc<dyn Assessor> = Arc::clone(provider) as _;
    let policy = ModerationPolicy::from_value(json!({
        "name": "test", "patterns": { "email": "redact" }, "blocklist": ["frobnicate"], "provider": rules,
    }))
    .unwrap();
    move |config| {
        config.assessors = Assessors::new(BTreeMap::from([("it".to_owned(), assessor)]));
        config.rooms[0].policy = policy;
    }
}

pub(crate) async fn host(rules: Value) -> (Host, Arc<ByWords>) {
    let provider = ByWords::new();
    let host = Host::with(asking(&provider, rules)).await;
    (host, provider)
}

pub(crate) fn plain() -> Value {
    json!({ "name": "it" })
}
