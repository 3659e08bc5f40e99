//! All that a process has to do with one server or cluster.

mod way;

use super::{
    dial::{About, Dialer},
    ear::{Ear, Hearing, Said},
    fault::{Fault, FaultKind},
    node::Node,
    server::{Address, Server},
    slots::Slots,
};
use metrics::{counter, histogram};
use redis::{Cmd, Value};
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, RwLock},
    time::Duration,
};
use tokio::{sync::watch, time::Instant};

/// How long one request may take, whatever happens to it on the way.
pub const DEADLINE: Duration = Duration::from_secs(3);

/// A script that runs in the server as a whole.
pub struct Script {
    name: &'static str,
    code: redis::Script,
    text: String,
}

impl Script {
    /// A script, and its name in metrics.
    #[must_use]
    pub fn new(name: &'static str, text: &str) -> Self {
        Self {
            name,
            code: redis::Script::new(text),
            text: text.to_owned(),
        }
    }
}

/// All that a process has to do with one server or cluster: a connection for commands to each node,
/// and one for all that is listened to. Clones share them.
#[derive(Clone)]
pub struct Link(Arc<Inner>);

struct Inner {
    server: Server,
    about: About,
    dialer: Arc<Dialer>,
    /// The only one, if it is no cluster.
    sole: Option<Arc<Node>>,
    nodes: Mutex<HashMap<Address, Arc<Node>>>,
    /// Of a cluster.
    slots: RwLock<Slots>,
    again: watch::Sender<u64>,
    /// Counted up whenever the cluster was asked what is where, answered or not.
    looks: watch::Sender<u64>,
    ear: Arc<Ear>,
}

impl Link {
    /// Connects. Must be called within a tokio runtime, which keeps the connections.
    ///
    /// # Errors
    ///
    /// If the server can't be reached now, or is not one that chatter can use.
    pub async fn connect(server: Server) -> Result<Self, Fault> {
        let dialer = Arc::new(Dialer::new(&server)?);
        let mut first = Err(Fault::new(FaultKind::Unreachable, "no server is named"));
        for seed in &server.seeds {
            first = dialer
                .dial_checked(seed)
                .await
                .map(|made| (seed.clone(), made));
            if first.is_ok() {
                break;
            }
        }
        let (seed, (connection, driver, about)) = first?;
        let (again, _) = watch::channel(0);
        let made = Some((connection, driver, about.clone()));
        let node = Arc::new(Node::new(
            seed.clone(),
            Arc::clone(&dialer),
            made,
            again.clone(),
        ));
        let ear = Ear::new(Arc::clone(&dialer), about.cluster);
        let link = Self(Arc::new(Inner {
            server,
            sole: (!about.cluster).then(|| Arc::clone(&node)),
            about,
            dialer,
            nodes: Mutex::new(HashMap::from([(seed, node)])),
            slots: RwLock::default(),
            again,
            looks: watch::Sender::default(),
            ear,
        }));
        if link.0.about.cluster {
            link.look_around().await?;
            tokio::spawn(way::find_the_way(Arc::downgrade(&link.0)));
        }
        Ok(link)
    }

    /// Whether all servers that are needed are at hand; why not, if they aren't.
    ///
    /// # Errors
    ///
    /// Which one is not, and why.
    pub fn ready(&self) -> Result<(), Fault> {
        self.commands_ready()?;
        self.0.ear.trouble().map_or(Ok(()), Err)
    }

    fn commands_ready(&self) -> Result<(), Fault> {
        if let Some(node) = &self.0.sole {
            return node.up();
        }
        let slots = self.0.slots();
        if !slots.is_whole() {
            let words = "not every slot of the Redis cluster is with a node";
            return Err(Fault::new(FaultKind::Cluster, words));
        }
        let nodes = self.0.nodes();
        let known = slots.nodes().into_iter().filter_map(|at| nodes.get(at));
        known.into_iter().try_for_each(|node| node.up())
    }

    /// What it should not be used with, if there is something; for operators.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let policy = self.0.about.evicts.as_ref()?;
        Some(format!(
            "Redis may drop rooms' logs when its memory is full: its maxmemory-policy is {policy}, and should be noeviction"
        ))
    }

    /// Whether the server that has `key` has on disk what it answers to, so that it comes back with all of
    /// it. False as well if it can't be reached, or does not tell.
    pub async fn keeps_all(&self, key: &str) -> bool {
        let node = self.0.node_of(key);
        node.connection(way::PATIENCE).await.is_ok() && node.keeps_all()
    }

    /// Counted up whenever a server is back that was away.
    #[must_use]
    pub fn reconnects(&self) -> watch::Receiver<u64> {
        self.0.again.subscribe()
    }

    /// Asks the node that has `key`, once or, if the connection ends meanwhile, again: for what may
    /// be done twice. `kind` is its name in metrics.
    ///
    /// # Errors
    ///
    /// If there was no answer in time, or the answer is an error. In the first case it may have
    /// happened.
    pub async fn ask(&self, kind: &'static str, key: &str, command: &Cmd) -> Result<Value, Fault> {
        self.timed(kind, key, command, Instant::now() + DEADLINE, true)
            .await
    }

    /// As [`ask`](Self::ask), for what must not be done twice.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    pub async fn ask_once(
        &self,
        kind: &'static str,
        key: &str,
        command: &Cmd,
    ) -> Result<Value, Fault> {
        self.timed(kind, key, command, Instant::now() + DEADLINE, false)
            .await
    }

    /// Runs a script that may run twice, on keys of one slot; at least one.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    pub async fn run<'a>(
        &self,
        script: &Script,
        keys: &[String],
        arguments: impl IntoIterator<Item = &'a [u8]> + Clone,
    ) -> Result<Value, Fault> {
        let first = keys.first().map_or("", String::as_str);
        let command = |name, what: &str| {
            let mut command = redis::cmd(name);
            command.arg(what).arg(keys.len());
            for key in keys {
                command.arg(key);
            }
            for argument in arguments.clone() {
                command.arg(argument);
            }
            command
        };
        let deadline = Instant::now() + DEADLINE;
        let known = command("EVALSHA", script.code.get_hash());
        match self.timed(script.name, first, &known, deadline, true).await {
            // The server was started again, or is another one.
            Err(fault) if fault.kind == FaultKind::UnknownScript => {
                let whole = command("EVAL", &script.text);
                self.timed(script.name, first, &whole, deadline, true).await
            }
            done => done,
        }
    }

    /// Says something on a channel.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    pub async fn publish(&self, channel: &str, payload: &[u8]) -> Result<(), Fault> {
        let mut command = redis::cmd(self.publish_command());
        command.arg(channel).arg(payload);
        self.ask_once("publish", channel, &command).await.map(drop)
    }

    /// How scripts publish here: on a cluster a channel lives on its room's node.
    #[must_use]
    pub fn publish_command(&self) -> &'static str {
        if self.0.about.cluster {
            "SPUBLISH"
        } else {
            "PUBLISH"
        }
    }

    /// Listens to a channel, from when this returns until the answer is dropped. `said` must not
    /// wait; it is told when something may have been missed, too.
    ///
    /// # Errors
    ///
    /// If the server can't be reached in time.
    pub async fn listen(
        &self,
        channels: &[String],
        said: impl Fn(&str, Said) + Send + Sync + 'static,
    ) -> Result<Hearing, Fault> {
        let place = |channel: &str| self.0.place(channel);
        let hearing = Ear::register(&self.0.ear, channels, Arc::new(said), place);
        match tokio::time::timeout(DEADLINE, self.0.ear.heard(channels)).await {
            Ok(()) => Ok(hearing),
            Err(_) => {
                let silent = || Fault::slow(self.0.server.seed(), DEADLINE);
                Err(self
                    .0
                    .ear
                    .trouble()
                    .or(self.ready().err())
                    .unwrap_or_else(silent))
            }
        }
    }

    async fn timed(
        &self,
        kind: &'static str,
        key: &str,
        command: &Cmd,
        deadline: Instant,
        again: bool,
    ) -> Result<Value, Fault> {
        let began = Instant::now();
        let answer = self.redirected(key, command, deadline, again).await;
        match &answer {
            Ok(_) => {
                histogram!("chatter_redis_command_seconds", "kind" => kind).record(began.elapsed())
            }
            Err(fault) if fault.kind == FaultKind::UnknownScript => {}
            Err(fault) => {
                counter!("chatter_redis_failures_total", "kind" => kind, "why" => fault.kind.as_str()).increment(1);
            }
        }
        answer
    }
}

/// What it runs on, for people: `Redis 7.0.15 at 127.0.0.1:6379`.
impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let About {
            version,
            cluster,
            keeps,
            ..
        } = &self.0.about;
        write!(f, "{} (", self.0.server)?;
        if *cluster {
            write!(f, "a cluster of {} nodes, ", self.0.slots().nodes().len())?;
        }
        write!(f, "version {version}, {keeps})")
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
