//! How a request gets to the node that has its key, and how it is found out which one that is.

use super::{DEADLINE, Inner, Link};
use crate::redis::{
    dial::{DIAL, ask},
    ear::Ear,
    fault::{Fault, FaultKind},
    node::Node,
    server::Address,
    slots::{Slots, slot},
};
use redis::{Cmd, Value};
use std::{
    collections::HashMap,
    sync::{Arc, MutexGuard, PoisonError, Weak},
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout_at};

/// How long a request waits for a server that has just gone away. One that is away for longer is not
/// waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// How often a request is sent on to another node of a cluster.
const REDIRECTS: usize = 6;

/// The pause before a cluster that is being rearranged is asked again.
const REARRANGED: Duration = Duration::from_millis(50);

/// The pause before a request whose connection ended is sent again.
const AGAIN: Duration = Duration::from_millis(20);

impl Link {
    /// Follows a request to where its key is.
    pub(super) async fn redirected(
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
    pub(super) async fn look_around(&self) -> Result<(), Fault> {
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

impl Inner {
    /// Where a key is, as far as is known.
    pub(super) fn place(&self, key: &str) -> Address {
        if let Some(node) = &self.sole {
            return node.address().clone();
        }
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.node(slot(key)).unwrap_or(self.server.seed()).clone()
    }

    pub(super) fn node_of(&self, key: &str) -> Arc<Node> {
        match &self.sole {
            Some(node) => Arc::clone(node),
            None => self.node(&self.place(key)),
        }
    }

    pub(super) fn node(&self, at: &Address) -> Arc<Node> {
        let mut nodes = self.nodes();
        let node = nodes.entry(at.clone()).or_insert_with(|| {
            let dialer = Arc::clone(&self.dialer);
            Arc::new(Node::new(at.clone(), dialer, None, self.again.clone()))
        });
        Arc::clone(node)
    }

    /// The cluster is laid out like this now.
    pub(super) fn settle(&self, slots: Slots) {
        // Those that have nothing any more are let go, but not those that tell where the others are.
        let seeds = &self.server.seeds;
        self.nodes()
            .retain(|at, _| slots.nodes().contains(&at) || seeds.contains(at));
        *self.slots.write().unwrap_or_else(PoisonError::into_inner) = slots;
        Ear::rearrange(&self.ear, |channel| self.place(channel));
    }

    pub(super) fn moved(&self, key: &str, to: Address) {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.put(slot(key), to);
    }

    pub(super) fn slots(&self) -> Slots {
        self.slots
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn nodes(&self) -> MutexGuard<'_, HashMap<Address, Arc<Node>>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks where things are whenever something was not found where it should be.
pub(super) async fn find_the_way(inner: Weak<Inner>) {
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
