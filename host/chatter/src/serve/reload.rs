//! The configuration while the program runs: read again when its files change, and put into effect as
//! a whole or not at all.

use super::{
    albums, gateway_rooms, limits,
    parts::{Changes, Parts},
    services::Services,
    services::Stage,
    worker_rooms,
    workshop::Workshop,
};
use crate::{
    config::{self, Configuration, Known, Stamp, Watch},
    settings::{Found, Settings, SourceOverride},
};
use chatter_context::{Called, Summaries};
use chatter_protocol::{PersonaConfig, PersonaId, RoomId};
use chatter_runtime::Personas as _;
use chatter_store::Rota;
use metrics::{counter, gauge};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{
    sync::{Notify, mpsc, watch},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// One look at the configuration.
const RELOADS: &str = "chatter_config_reload_total";

/// How many problems it had when it was looked at last.
const PROBLEMS: &str = "chatter_config_problems";

/// So long a room's duty may take to be given up before its next source begins.
const GIVEN_UP: Duration = Duration::from_secs(3);

/// What the configuration is read from.
#[derive(Clone)]
pub(super) struct Origin {
    instead: Option<SourceOverride>,
    workshop: Arc<Workshop>,
    settings: Found,
    /// What it may name until the next start.
    known: Known,
}

impl Origin {
    pub(super) fn new(settings: &Settings, workshop: Arc<Workshop>) -> Self {
        Self {
            instead: settings.source.clone(),
            workshop,
            settings: settings.file.clone(),
            known: settings.known(),
        }
    }

    /// Reads and checks all of it. The stamp was taken of the configuration folder a moment ago; what
    /// else is read is noted in it, whether it is there or not, and whether all is right or not.
    pub(super) fn read(&self, stamp: &mut Stamp) -> Result<Configuration, Vec<String>> {
        for path in self.settings.places() {
            stamp.note(path);
        }
        for path in self.workshop.characters() {
            stamp.note(&path);
        }
        let mut configuration =
            config::load_stamped(stamp, self.instead.as_ref(), Some(&self.known))?;
        self.workshop.seat(&mut configuration, &self.known)?;
        Ok(configuration)
    }

    /// What the settings file says counts from the next start on.
    fn look_at_settings(&mut self) {
        let now = self.settings.again();
        if now == self.settings {
            return;
        }
        let before = std::mem::replace(&mut self.settings, now);
        let how = match (self.settings.path(), before.path()) {
            (Some(path), _) => format!("{}: was changed; what it says", path.display()),
            (None, Some(path)) => format!("{}: is gone; that", path.display()),
            (None, None) => return,
        };
        tracing::warn!("{how} counts from the next start on");
    }
}

/// Reads the configuration again when its files change, or when somebody asks for it.
pub(super) struct Reload {
    watch: Watch,
    origin: Origin,
    asked: Arc<Notify>,
    good: mpsc::Sender<Configuration>,
}

impl Reload {
    /// After the files were read that had this stamp before. Configurations that are right come out of
    /// the channel.
    pub(super) fn new(
        origin: Origin,
        stamp: Stamp,
        asked: Arc<Notify>,
    ) -> (Self, mpsc::Receiver<Configuration>) {
        let (good, receiver) = mpsc::channel(1);
        gauge!(PROBLEMS).set(0.0);
        let reload = Self {
            watch: Watch::new(stamp),
            origin,
            asked,
            good,
        };
        (reload, receiver)
    }

    /// Looks after the configuration until its end.
    pub(super) async fn run(mut self, end: CancellationToken) {
        end.run_until_cancelled(async {
            loop {
                tokio::select! {
                    () = self.watch.changed() => {}
                    () = self.asked.notified() => {}
                }
                self.look().await;
            }
        })
        .await;
    }

    async fn look(&mut self) {
        let origin = self.origin.clone();
        let read = self.watch.settled(move |stamp| origin.read(stamp)).await;
        self.origin.look_at_settings();
        match read {
            Ok(Ok(configuration)) => {
                gauge!(PROBLEMS).set(0.0);
                // Nobody takes it if the program is ending.
                let _ = self.good.send(configuration).await;
            }
            Ok(Err(problems)) => {
                counter!(RELOADS, "result" => "refused").increment(1);
                #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
                gauge!(PROBLEMS).set(problems.len() as f64);
                tracing::error!(
                    "the configuration was changed and is wrong; the one before stays in effect:"
                );
                for problem in problems {
                    tracing::error!("{problem}");
                }
            }
            Err(error) => tracing::error!(%error, "the configuration could not be read"),
        }
    }
}

/// The services of this process that go by the configuration.
pub(super) struct Handles {
    pub(super) gateway: Option<(chatter_gateway::Handle, chatter_gateway::Albums)>,
    pub(super) worker: Option<chatter_worker::Handle>,
    /// Whose turn it is to play the sources.
    pub(super) context: Option<Rota>,
    pub(super) trends: Option<chatter_trends::Handle>,
}

/// What runs by the configuration.
pub(super) struct Live {
    configuration: Configuration,
    handles: Handles,
    sources: BTreeMap<RoomId, Source>,
}

/// What a room watches, while it does.
struct Source {
    end: CancellationToken,
    /// Cancelled when it has ended.
    over: CancellationToken,
    /// Whose names are listened for.
    names: watch::Sender<Arc<[Called]>>,
    /// Who sums up what is said.
    summaries: watch::Sender<Option<Summaries>>,
    /// Told when it is to be tried again if it has failed.
    again: watch::Sender<()>,
}

impl Source {
    /// What has changed for it, while it plays on.
    fn become_this(&self, names: Arc<[Called]>, summaries: Option<Summaries>) {
        self.names.send_if_modified(|before| {
            let news = **before != *names;
            *before = names;
            news
        });
        // Only who is asked can be another one.
        let asker = |summaries: &Option<Summaries>| summaries.as_ref().map(|it| it.asker.clone());
        self.summaries.send_if_modified(|before| {
            let news = asker(before) != asker(&summaries);
            *before = summaries;
            news
        });
    }
}

impl Live {
    /// Starts the sources; gateway and worker run by this configuration already.
    pub(super) fn start(
        configuration: Configuration,
        handles: Handles,
        services: &mut Services,
        parts: &Parts,
    ) -> Self {
        let mut live = Self {
            configuration,
            handles,
            sources: BTreeMap::new(),
        };
        live.name_rooms();
        let rooms: Vec<RoomId> = live.configuration.rooms.keys().cloned().collect();
        for room in rooms {
            live.play_after(None, &room, services, parts);
        }
        live
    }

    /// Puts another configuration into effect: what differs is changed, and nothing else. Whoever has it read, whatever
    /// is in it, may have mended what a source has failed for.
    pub(super) fn become_this(
        &mut self,
        configuration: Configuration,
        settings: &Settings,
        services: &mut Services,
        parts: &Parts,
    ) {
        for source in self.sources.values() {
            source.again.send_replace(());
        }
        let differences = self.configuration.differences(&configuration);
        if differences.is_empty() {
            counter!(RELOADS, "result" => "unchanged").increment(1);
            tracing::info!("the configuration was read again; nothing in it differs");
            return;
        }
        counter!(RELOADS, "result" => "applied").increment(1);
        tracing::info!("the configuration was changed:");
        for difference in differences {
            tracing::info!("{difference}");
        }
        let before = std::mem::replace(&mut self.configuration, configuration);
        // The gateway first: who sits down is shown, and nobody else may take its name any more.
        if let Some((gateway, emotes)) = &self.handles.gateway {
            emotes.store(Arc::new(albums(&self.configuration)));
            gateway.set_rooms(gateway_rooms(&self.configuration));
        }
        if let Some(worker) = &self.handles.worker {
            let limits = limits(settings, &self.configuration);
            parts.limits.store(Arc::new(limits.clone()));
            worker.set_rooms(worker_rooms(&self.configuration), limits);
        }
        self.name_rooms();
        let mut rooms: Vec<&RoomId> = before
            .rooms
            .keys()
            .chain(self.configuration.rooms.keys())
            .collect();
        rooms.sort_unstable();
        rooms.dedup();
        let changed: Vec<RoomId> = rooms
            .into_iter()
            .filter(|room| {
                let source = |all: &'_ Configuration| all.rooms.get(*room)?.source.clone();
                source(&before) != source(&self.configuration)
            })
            .cloned()
            .collect();
        for room in changed {
            let before = self.sources.remove(&room);
            let over = before.map(|source| {
                source.end.cancel();
                source.over
            });
            self.play_after(over, &room, services, parts);
        }
        for (room, source) in &self.sources {
            source.become_this(self.names(room), self.summaries(room, parts));
        }
        self.name_missing_modules(&before, parts);
    }

    /// Says in which rooms there is something to do, to those who share it out among processes.
    fn name_rooms(&self) {
        let rooms = &self.configuration.rooms;
        if let Some(trends) = &self.handles.trends {
            let codes = |room: &config::Room| room.emotes.codes().map(str::to_owned).collect();
            trends.set_rooms((rooms.iter()).map(|(id, room)| (id.clone(), Arc::new(codes(room)))));
        }
        if let Some(context) = &self.handles.context {
            let watching = rooms.iter().filter(|(_, room)| room.source.is_some());
            context.set_rooms(watching.map(|(id, _)| id.clone()));
        }
    }

    /// Whose names are listened for in a room.
    fn names(&self, room: &RoomId) -> Arc<[Called]> {
        let room = self.configuration.rooms.get(room);
        let seats = room
            .into_iter()
            .flat_map(|room| self.configuration.seats(room));
        let called = |(persona, _): (&PersonaConfig, &str)| Called {
            name: persona.name.clone(),
            spoken: persona.spoken.clone(),
        };
        seats.map(called).collect()
    }

    /// Who sums up what is said in a room.
    fn summaries(&self, room: &RoomId, parts: &Parts) -> Option<Summaries> {
        parts.summaries(self.configuration.rooms.get(room)?)
    }

    /// Once what the room watched before has ended: two would be told at a time.
    fn play_after(
        &mut self,
        before: Option<CancellationToken>,
        room: &RoomId,
        services: &mut Services,
        parts: &Parts,
    ) {
        let Some(rota) = self.handles.context.clone() else {
            return;
        };
        let Some(watching) = self.configuration.rooms.get(room) else {
            return;
        };
        let Some(source) = watching.source.clone() else {
            return;
        };
        let (names, roll) = watch::channel(self.names(room));
        let (summaries, summed_by) = watch::channel(parts.summaries(watching));
        let (again, asked) = watch::channel(());
        let changes = Changes {
            names: roll,
            summaries: summed_by,
            again: asked,
        };
        let name = format!("source of {room}");
        services.start_finite(Stage::Sources, name, |end| {
            let over = CancellationToken::new();
            let source_is_over = over.clone().drop_guard();
            self.sources.insert(
                room.clone(),
                Source {
                    end: end.clone(),
                    over,
                    names,
                    summaries,
                    again,
                },
            );
            let mut held = rota.held();
            let tenure = held.borrow().get(room).copied();
            let place = room.clone();
            let playing = parts.play(watching, source, changes, rota, end);
            async move {
                let _over = source_is_over;
                if let Some(before) = before {
                    before.cancelled().await;
                    // The duty is given up then, and taken anew: what began before that would begin twice.
                    let given_up = held
                        .wait_for(|held| tenure.is_none() || held.get(&place) != tenure.as_ref());
                    let _ = timeout(GIVEN_UP, given_up).await;
                }
                playing.await
            }
        });
    }

    /// A module that is not there is no error: it may come. It is named, and its personas are shown as
    /// unavailable.
    fn name_missing_modules(&self, before: &Configuration, parts: &Parts) {
        let Some(runtime) = &parts.runtime else {
            return;
        };
        for id in self.configuration.rooms.keys() {
            let known = modules(before, id);
            for (persona, module) in modules(&self.configuration, id) {
                if !known.contains(&(persona, module))
                    && let Err(why) = runtime.module(&id.tenant(), module)
                {
                    tracing::warn!("{id}: {module} can't be called for {persona}: {why}");
                }
            }
        }
    }
}

/// The modules that a room needs, each with the persona that needs it.
fn modules<'a>(configuration: &'a Configuration, room: &RoomId) -> Vec<(&'a PersonaId, &'a str)> {
    let Some(room) = configuration.rooms.get(room) else {
        return Vec::new();
    };
    let seats = configuration.seats(room);
    seats
        .flat_map(|(persona, module)| {
            let shadow = room.shadow(&persona.id);
            [Some(module), shadow].map(|module| Some((&persona.id, module?)))
        })
        .flatten()
        .collect()
}
