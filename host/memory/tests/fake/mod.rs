//! A Mem0 of either interface, on the wire: what it keeps, the quirks that were seen on the real one,
//! and what may go wrong with a server.

use chatter_memory::{Api, Mem0, Mem0Config};
use serde_json::{Value, json};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use wiremock::{Match, Mock, MockServer, Request, Respond, ResponseTemplate};

pub(crate) const KEY: &str = "m0-test-key";

/// Longer than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// What goes wrong with every request until it is mended.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// No answer for long.
    Hang,
    /// This status and body.
    Answer(u16, String),
    /// It does what is asked, but what it answers is lost on the way.
    Unheard,
    /// It gives this user's memories whoever is asked about.
    Mistakes(&'static str),
    /// Events take their time, never end, or end in failure.
    EventsSlow,
    EventsHang,
    EventsFail,
    /// The next look finds that there is no such event.
    EventsLost,
    /// It does at once what it is asked to add, and knows of no event.
    AtOnce,
    /// Its answers don't say whose memories they are.
    Nameless,
    /// Its answers hold what nobody can read.
    Unreadable,
}

#[derive(Default)]
pub(crate) struct State {
    memories: Vec<Value>,
    ids: u32,
    pub(crate) fault: Option<Fault>,
    /// Method and path of each request.
    pub(crate) seen: Vec<String>,
    pub(crate) bodies: Vec<Value>,
    events: HashSet<String>,
}

/// The server's disk: what is kept outlives it.
#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) api: Api,
    state: Arc<Mutex<State>>,
}

impl Fake {
    pub(crate) fn new(api: Api) -> Self {
        Self {
            api,
            state: Arc::default(),
        }
    }

    pub(crate) async fn start(&self) -> MockServer {
        let server = MockServer::start().await;
        Mock::given(Any)
            .respond_with(self.clone())
            .mount(&server)
            .await;
        server
    }

    pub(crate) fn client(&self, server: &MockServer) -> Mem0 {
        self.client_with(server, |_| {})
    }

    pub(crate) fn client_with(
        &self,
        server: &MockServer,
        change: impl FnOnce(&mut Mem0Config),
    ) -> Mem0 {
        let key = Some(chatter_http::Secret::new(KEY));
        let mut config = Mem0Config::new(self.api, Some(server.uri().into()), key);
        config.search_wait = LONG;
        config.write_wait = LONG;
        change(&mut config);
        Mem0::new(config).unwrap()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn breaks(&self, fault: Fault) {
        self.state().fault = Some(fault);
    }

    pub(crate) fn is_mended(&self) {
        self.state().fault = None;
    }

    /// How many memories it keeps, copies included.
    pub(crate) fn kept(&self) -> usize {
        self.state().memories.len()
    }

    /// Their ids.
    pub(crate) fn ids(&self) -> Vec<String> {
        let state = self.state();
        let ids = state.memories.iter().map(|it| it["id"].as_str());
        ids.map(|id| id.unwrap().to_owned()).collect()
    }
}

struct Any;

impl Match for Any {
    fn matches(&self, _: &Request) -> bool {
        true
    }
}

impl Respond for Fake {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let mut state = self.state();
        state
            .seen
            .push(format!("{} {}", request.method, request.url.path()));
        state.bodies.push(body.clone());
        match state.fault.clone() {
            Some(Fault::Hang) => return ResponseTemplate::new(200).set_delay(LONG),
            Some(Fault::Answer(status, body)) => {
                return ResponseTemplate::new(status).set_body_string(body);
            }
            _ => {}
        }
        let (header, value) = match self.api {
            Api::OpenSource => ("x-api-key", KEY.to_owned()),
            Api::Hosted => ("authorization", format!("Token {KEY}")),
        };
        if request.headers.get(header).is_none_or(|key| key != &*value) {
            return say(401, &json!({ "detail": "Invalid API key." }));
        }
        let answer = match self.api {
            Api::OpenSource => state.open_source(request, &body),
            Api::Hosted => state.hosted(request, &body),
        };
        match state.fault {
            Some(Fault::Unheard) => ResponseTemplate::new(502),
            _ => answer,
        }
    }
}

fn say(status: u16, body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

fn query(request: &Request, name: &str) -> Option<String> {
    let mut pairs = request.url.query_pairs();
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

impl State {
    /// Routes and answers of the open-source server.
    fn open_source(&mut self, request: &Request, body: &Value) -> ResponseTemplate {
        let path = request.url.path();
        match (request.method.as_str(), path) {
            ("POST", "/memories") => match self.add(body) {
                Ok(added) => say(200, &json!({ "results": added })),
                Err(why) => say(400, &json!({ "detail": why })),
            },
            ("POST", "/search") => {
                if body.get("user_id").is_some() {
                    return say(
                        400,
                        &json!({ "detail": "Top-level entity parameters are not supported" }),
                    );
                }
                match self.search(body) {
                    Ok(found) => say(200, &json!({ "results": found })),
                    Err(why) => say(400, &json!({ "detail": why })),
                }
            }
            ("GET", "/memories") => {
                let user = query(request, "user_id").unwrap_or_default();
                let top: usize = query(request, "top_k").map_or(20, |top| top.parse().unwrap());
                let all: Vec<_> = self.of(&user).take(top).map(|it| self.shown(it)).collect();
                say(200, &json!({ "results": all }))
            }
            ("GET", "/entities") => {
                let users: Vec<_> = self
                    .users()
                    .into_iter()
                    .map(|user| json!({ "id": user, "type": "user", "total_memories": 1 }))
                    .collect();
                say(200, &json!(users))
            }
            ("DELETE", "/memories") => {
                let user = query(request, "user_id").unwrap_or_default();
                self.memories.retain(|memory| memory["user_id"] != *user);
                say(200, &json!({ "message": "All relevant memories deleted" }))
            }
            ("DELETE", path) if path.starts_with("/memories/") => {
                match self.delete(path.trim_start_matches("/memories/")) {
                    true => say(200, &json!({ "message": "Memory deleted successfully" })),
                    false => say(404, &json!({ "detail": "Memory with id not found" })),
                }
            }
            ("GET", path) if path.starts_with("/memories/") => {
                let id = path.trim_start_matches("/memories/");
                say(200, &self.by_id(id).unwrap_or(Value::Null))
            }
            _ => say(404, &json!({ "detail": "Not Found" })),
        }
    }

    /// Routes and answers of the hosted API.
    fn hosted(&mut self, request: &Request, body: &Value) -> ResponseTemplate {
        let path = request.url.path();
        match (request.method.as_str(), path) {
            ("POST", "/v3/memories/add/") => match self.add(body) {
                Ok(added) if matches!(self.fault, Some(Fault::AtOnce)) => say(
                    200,
                    &json!({ "message": "ok", "status": "SUCCEEDED", "event_id": "none", "results": added }),
                ),
                Ok(_) => self.event(),
                Err(why) => say(
                    400,
                    &json!({ "error": "400 Bad Request", "details": { "message": why } }),
                ),
            },
            ("POST", "/v3/memories/search/") => match self.search(body) {
                Ok(found) => say(200, &json!({ "results": found })),
                Err(why) => say(400, &json!({ "error": why })),
            },
            ("POST", "/v3/memories/") => {
                let user = body["filters"]["user_id"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                let number = |name| query(request, name).map_or(1, |n| n.parse::<usize>().unwrap());
                let (page, size) = (number("page"), number("page_size").min(20));
                let all: Vec<_> = self.of(&user).map(|it| self.shown(it)).collect();
                let next =
                    (page * size < all.len()).then(|| format!("https://x/?page={}", page + 1));
                let here: Vec<_> = all.iter().skip((page - 1) * size).take(size).collect();
                say(
                    200,
                    &json!({ "count": all.len(), "next": next, "previous": null, "results": here }),
                )
            }
            ("GET", path) if path.starts_with("/v1/event/") => {
                let id = path.trim_start_matches("/v1/event/").trim_end_matches('/');
                if matches!(self.fault, Some(Fault::AtOnce | Fault::EventsLost)) {
                    return say(404, &json!({ "detail": "Not found." }));
                }
                if matches!(self.fault, Some(Fault::EventsFail)) {
                    return say(
                        200,
                        &json!({ "id": id, "status": "FAILED", "error": "over quota" }),
                    );
                }
                // The first look finds it under way.
                let under_way = self.events.remove(id);
                let status = match self.fault {
                    Some(Fault::EventsHang) => "PENDING",
                    Some(Fault::EventsSlow) if under_way => "RUNNING",
                    _ => "SUCCEEDED",
                };
                say(
                    200,
                    &json!({ "id": id, "event_type": "ADD", "status": status }),
                )
            }
            ("GET", "/v1/entities/") => {
                let users: Vec<_> = self
                    .users()
                    .into_iter()
                    .map(|user| json!({ "id": "7", "name": user, "type": "user" }))
                    .collect();
                say(
                    200,
                    &json!({ "count": users.len(), "next": null, "results": users }),
                )
            }
            ("DELETE", "/v1/memories/") => {
                let user = query(request, "user_id").unwrap_or_default();
                self.memories.retain(|memory| memory["user_id"] != *user);
                self.event()
            }
            ("GET", path) if path.starts_with("/v1/memories/") => {
                let id = path
                    .trim_start_matches("/v1/memories/")
                    .trim_end_matches('/');
                match self.by_id(id) {
                    Some(memory) => say(200, &memory),
                    None => say(404, &json!({ "error": "Memory not found!" })),
                }
            }
            ("DELETE", path) if path.starts_with("/v1/memories/") => {
                let id = path
                    .trim_start_matches("/v1/memories/")
                    .trim_end_matches('/');
                match self.delete(id) {
                    true => say(200, &json!({ "message": "Memory deleted successfully!" })),
                    false => say(404, &json!({ "error": "Memory not found!" })),
                }
            }
            _ => say(404, &json!({ "detail": "Not found." })),
        }
    }

    fn event(&mut self) -> ResponseTemplate {
        self.ids += 1;
        let id = format!("event-{}", self.ids);
        self.events.insert(id.clone());
        say(200, &json!({ "event_id": id, "status": "PENDING" }))
    }

    fn add(&mut self, body: &Value) -> Result<Value, &'static str> {
        let user = body["user_id"]
            .as_str()
            .ok_or("At least one identifier is required.")?;
        if user.contains(char::is_whitespace) {
            return Err("Invalid user_id: cannot contain whitespace.");
        }
        assert_eq!(
            body["infer"], false,
            "what is remembered is not to be rewritten"
        );
        let text = body["messages"][0]["content"]
            .as_str()
            .ok_or("no messages")?;
        self.ids += 1;
        let memory = json!({
            "id": format!("00000000-0000-4000-8000-{:012}", self.ids),
            "memory": text,
            "user_id": user,
            "metadata": body["metadata"],
            "role": "user",
            "created_at": "2026-01-31T12:00:00.000000+00:00",
            "updated_at": null,
        });
        let added = json!([{ "id": memory["id"], "memory": text, "event": "ADD" }]);
        self.memories.push(memory);
        Ok(added)
    }

    fn search(&self, body: &Value) -> Result<Vec<Value>, &'static str> {
        let query = body["query"]
            .as_str()
            .unwrap_or_default()
            .trim()
            .to_lowercase();
        if query.is_empty() {
            return Err("Invalid query: cannot be empty or whitespace-only.");
        }
        let filters = body["filters"].as_object().ok_or("filters are missing")?;
        let user = filters.get("user_id").and_then(Value::as_str);
        let user =
            user.ok_or("filters must contain at least one of: user_id, agent_id, run_id.")?;
        let top = body["top_k"].as_u64().unwrap_or(10) as usize;
        let passes = |memory: &&Value| {
            filters
                .iter()
                .all(|(key, value)| match (key.as_str(), value) {
                    ("user_id", _) => true,
                    ("metadata", Value::Object(fields)) => fields
                        .iter()
                        .all(|(key, value)| memory["metadata"][key] == *value),
                    (key, value) => memory["metadata"][key] == *value,
                })
        };
        let mut found: Vec<(f64, Value)> = self
            .of(user)
            .filter(passes)
            .map(|memory| {
                let text = memory["memory"].as_str().unwrap().to_lowercase();
                let words: HashSet<_> = text.split(|c: char| !c.is_alphanumeric()).collect();
                let asked: HashSet<_> = query.split(|c: char| !c.is_alphanumeric()).collect();
                let both = words.intersection(&asked).count() as f64;
                let score = 0.2 + 0.7 * both / words.union(&asked).count() as f64;
                let mut memory = self.shown(memory);
                memory["score"] = json!(score);
                (score, memory)
            })
            .collect();
        found.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        Ok(found
            .into_iter()
            .map(|(_, memory)| memory)
            .take(top)
            .collect())
    }

    fn of(&self, user: &str) -> impl Iterator<Item = &Value> {
        let user = match self.fault {
            Some(Fault::Mistakes(other)) => other.to_owned(),
            _ => user.to_owned(),
        };
        self.memories
            .iter()
            .filter(move |memory| memory["user_id"] == *user)
    }

    /// A memory as it is shown.
    fn shown(&self, memory: &Value) -> Value {
        let mut memory = memory.clone();
        match self.fault {
            Some(Fault::Nameless) => {
                memory.as_object_mut().unwrap().remove("user_id");
            }
            Some(Fault::Unreadable) => memory["memory"] = Value::Null,
            _ => {}
        }
        memory
    }

    fn by_id(&self, id: &str) -> Option<Value> {
        let memory = self.memories.iter().find(|memory| memory["id"] == *id)?;
        Some(self.shown(memory))
    }

    fn users(&self) -> Vec<String> {
        let mut users = vec!["somebody else's user".to_owned()];
        users.extend(
            self.memories
                .iter()
                .map(|memory| memory["user_id"].as_str().unwrap().to_owned()),
        );
        users
    }

    fn delete(&mut self, id: &str) -> bool {
        let before = self.memories.len();
        self.memories.retain(|memory| memory["id"] != *id);
        self.memories.len() < before
    }
}
