//! All that a process has to do with one server or cluster.

use super::{
    dial::{About, DIAL, Dialer, ask},
    ear::{Ear, Hearing, Said},
    fault::{Fault, FaultKind},
    node::Node,
    server::{Address, Server},
    slots::{Slots, slot},
};
use metrics::{counter, histogram};
use redis::{Cmd, Value};
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak},
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout_at},
};

/// How long one request may take, whatever happens to it on the way.
pub const DEADLINE: Duration = Duration::from_secs(3);

/// How long a request waits for a server that has just gone away. One that is away for longer is not
/// waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often a request is sent on to another node of a cluster.
const REDIRECTS: usize = 6;

/// The pause before a cluster that is being rearranged is asked again.
const REARRANGED: Duration = Duration::from_millis(50);

/// The pause before a request whose connection ended is sent again.
const AGAIN: Duration = Duration::from_millis(20);

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
            tokio::spawn(find_the_way(Arc::downgrade(&link.0)));
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
        node.connection(PATIENCE).await.is_ok() && node.keeps_all()
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

    /// Follows a request to where its key is.
    async fn redirected(
        &self,
        key: &str,
        command: &Cmd,
        deadline: Instant,
        again: bool,
    ) -> Result<Value, Fault> {
        let mut node = self.0.node_of(key);
        let mut asking = false;
        let mut redirects = 0;
        loop {
            let answer = match self.once(&node, command, deadline, asking).await {
                Ok(answer) => answer,
                // It was told to wait for as long as it may, or may have done what must not be done twice.
                Err(fault) if !again || fault.kind == FaultKind::Slow => {
                    // Why the connection ended, if that is known.
                    let known = (fault.kind == FaultKind::Cut)
                        .then(|| node.up().err())
                        .flatten();
                    return Err(known.unwrap_or(fault));
                }
                Err(fault) => {
                    let elsewhere = self.0.sole.is_none() && fault.kind != FaultKind::Refused;
                    if !elsewhere && fault.kind != FaultKind::Cut {
                        return Err(fault);
                    }
                    if deadline.saturating_duration_since(Instant::now()) <= AGAIN {
                        // Why the connection ended, if that is known.
                        return Err(node.up().err().unwrap_or(fault));
                    }
                    sleep(AGAIN).await;
                    if elsewhere {
                        self.be_shown_the_way(deadline).await;
                        node = self.0.node_of(key);
                    }
                    continue;
                }
            };
            asking = false;
            let error = match answer.extract_error() {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let fault = Fault::of(node.address(), &error);
            if fault.kind == FaultKind::ReadOnly {
                node.doubt();
                self.0.ear.lost_way.notify_one();
            }
            redirects += 1;
            if redirects > REDIRECTS || fault.kind != FaultKind::Cluster {
                return Err(fault);
            }
            match error.redirect_node() {
                Some((to, _)) => {
                    let Some(to) = address(to, node.address()) else {
                        return Err(fault);
                    };
                    asking = error.code() == Some("ASK");
                    node = self.0.node(&to);
                    if !asking {
                        self.0.moved(key, to);
                        // Others will have moved too.
                        self.0.ear.lost_way.notify_one();
                    }
                }
                None => sleep(REARRANGED).await,
            }
        }
    }

    async fn once(
        &self,
        node: &Node,
        command: &Cmd,
        deadline: Instant,
        asking: bool,
    ) -> Result<Value, Fault> {
        let left = deadline.saturating_duration_since(Instant::now());
        let mut connection = node.connection(left.min(PATIENCE)).await?;
        let work = async {
            if asking {
                // The two must reach the server one after the other with nothing in between.
                let mut both = redis::pipe();
                both.cmd("ASKING").ignore().add_command(command.clone());
                let mut answers = connection.send_packed_commands(&both, 0, 2).await?;
                return Ok(answers.pop().unwrap_or_default());
            }
            connection.send_packed_command(command).await
        };
        match timeout_at(deadline, work).await {
            Ok(answer) => answer
                .inspect(|_| node.answered())
                .map_err(|error| Fault::of(node.address(), &error)),
            Err(_) => Err(Fault::slow(node.address(), DEADLINE)),
        }
    }

    /// Waits until the cluster was asked anew what is where: once, for all who wait for it.
    async fn be_shown_the_way(&self, deadline: Instant) {
        let mut looks = self.0.looks.subscribe();
        self.0.ear.lost_way.notify_one();
        let _ = timeout_at(deadline, looks.changed()).await;
    }

    /// Asks the nodes of a cluster which of them has what.
    async fn look_around(&self) -> Result<(), Fault> {
        let mut places: Vec<Address> = self.0.slots().nodes().into_iter().cloned().collect();
        places.extend(self.0.server.seeds.iter().cloned());
        let mut command = redis::cmd("CLUSTER");
        command.arg("SLOTS");
        let mut last = Fault::new(FaultKind::Cluster, "no node of the Redis cluster answers");
        for place in places {
            let node = self.0.node(&place);
            let mut connection = match node.connection(Duration::from_millis(500)).await {
                Ok(connection) => connection,
                Err(fault) => {
                    last = fault;
                    continue;
                }
            };
            let asking = ask(&place, &mut connection, &command);
            let answer = tokio::time::timeout(DIAL, asking).await;
            match answer.unwrap_or_else(|_| Err(Fault::slow(&place, DIAL))) {
                Ok(answer) => match Slots::read(&answer, &place) {
                    Some(slots) => {
                        self.0.settle(slots);
                        return Ok(());
                    }
                    None => {
                        let words = format!(
                            "Redis at {place} tells of its cluster in words that are not known here"
                        );
                        last = Fault::new(FaultKind::Unfit, words);
                    }
                },
                Err(fault) => last = fault,
            }
        }
        Err(last)
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

impl Inner {
    /// Where a key is, as far as is known.
    fn place(&self, key: &str) -> Address {
        if let Some(node) = &self.sole {
            return node.address().clone();
        }
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.node(slot(key)).unwrap_or(self.server.seed()).clone()
    }

    fn node_of(&self, key: &str) -> Arc<Node> {
        match &self.sole {
            Some(node) => Arc::clone(node),
            None => self.node(&self.place(key)),
        }
    }

    fn node(&self, at: &Address) -> Arc<Node> {
        let mut nodes = self.nodes();
        let node = nodes.entry(at.clone()).or_insert_with(|| {
            let dialer = Arc::clone(&self.dialer);
            Arc::new(Node::new(at.clone(), dialer, None, self.again.clone()))
        });
        Arc::clone(node)
    }

    /// The cluster is laid out like this now.
    fn settle(&self, slots: Slots) {
        // Those that have nothing any more are let go, but not those that tell where the others are.
        let seeds = &self.server.seeds;
        self.nodes()
            .retain(|at, _| slots.nodes().contains(&at) || seeds.contains(at));
        *self.slots.write().unwrap_or_else(PoisonError::into_inner) = slots;
        Ear::rearrange(&self.ear, |channel| self.place(channel));
    }

    fn moved(&self, key: &str, to: Address) {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.put(slot(key), to);
    }

    fn slots(&self) -> Slots {
        self.slots
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn nodes(&self) -> MutexGuard<'_, HashMap<Address, Arc<Node>>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks where things are whenever something was not found where it should be.
async fn find_the_way(inner: Weak<Inner>) {
    loop {
        let Some(link) = inner.upgrade().map(Link) else {
            return;
        };
        let lost = Arc::clone(&link.0.ear.lost_way);
        drop(link);
        lost.notified().await;
        let Some(link) = inner.upgrade().map(Link) else {
            return;
        };
        if let Err(why) = link.look_around().await {
            tracing::debug!("the Redis cluster does not tell what is where: {why}");
        }
        link.0.looks.send_modify(|count| *count += 1);
        drop(link);
        sleep(REARRANGED).await;
    }
}

/// Where a redirection leads; without a host, to the one that answered.
fn address(text: &str, answered: &Address) -> Option<Address> {
    let (host, port) = text.rsplit_once(':')?;
    let host = if host.is_empty() {
        &answered.host
    } else {
        host
    };
    Some(Address {
        host: host.to_owned(),
        port: port.parse().ok()?,
    })
}
