//! What the services rest on: bus, store, model, memory, sandbox, clock, metrics.

use super::data::DataFolder;
use crate::{
    Failure,
    config::{Room, Source, Watched},
    memory::settings::Vectors,
    senses::{self, Ears},
    settings::{Bus, Role, Settings},
};
use arc_swap::ArcSwap;
use chatter_bus::{
    InProcess, SharedBus,
    redis::{Link, Server},
};
use chatter_context::{
    About, Again, Beside, Media, PlayError, Playback, Roll, Senses, Sight, Summaries, SummedBy,
    Written, attend, attend_media,
};
use chatter_gateway::Assessors;
use chatter_llm::{Asker, OFFLINE, Router, SharedModel};
use chatter_memory::SharedMemory;
use chatter_protocol::{
    Clock, PersonaId,
    memory::Scope,
    source::{Hearing, HearingBy},
};
use chatter_runtime::{ModuleStatus, Runtime, SharedPersonas};
use chatter_store::{Lock, Rota, SharedStore, Sqlite, StoreError, lock};
use chatter_worker::Limits;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::{
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// Upper bounds of the buckets of everything that is measured in seconds: from what one call costs
/// to what a person waits for.
const SECONDS: [f64; 14] = [
    0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0,
];

/// In whose name summaries of streams are asked for: budgets of personas hold for it.
const SUMMARY: &str = "stream-summary";

/// How long a summary may take.
const SUMMARY_DEADLINE: Duration = Duration::from_secs(20);

/// How often the recorder of metrics tidies up; without it, histograms would grow for ever.
const UPKEEP: Duration = Duration::from_secs(5);

pub(super) struct Parts {
    pub(super) bus: SharedBus,
    pub(super) store: SharedStore,
    pub(super) model: Arc<Router>,
    pub(super) memory: SharedMemory,
    /// Who says what texts are.
    pub(super) assessors: Assessors,
    /// If personas are run here.
    pub(super) runtime: Option<Arc<Runtime>>,
    /// The bounds of calls that neither rooms nor personas say, as modules are loaded with them.
    pub(super) limits: Arc<ArcSwap<Limits>>,
    pub(super) clock: Clock,
    pub(super) metrics: Metrics,
    /// To Redis, if bus and store are there.
    pub(super) link: Option<Link>,
    streams: Streams,
    /// That the data folder is this process's own, if the store is not in it.
    _lock: Option<Lock>,
}

/// What the services have in common.
pub(crate) struct Joints {
    bus: SharedBus,
    pub(crate) store: SharedStore,
    link: Option<Link>,
    lock: Option<Lock>,
}

/// Why there are none.
pub(crate) enum Unjoined {
    /// Another chatter has the data folder.
    InUse(Failure),
    /// Something is wrong with the store.
    Failed(Failure),
}

impl From<StoreError> for Unjoined {
    fn from(error: StoreError) -> Self {
        let failure = Failure::caused(&error);
        match error {
            StoreError::InUse { .. } => Self::InUse(failure),
            _ => Self::Failed(failure),
        }
    }
}

impl From<Unjoined> for Failure {
    fn from(why: Unjoined) -> Self {
        match why {
            Unjoined::InUse(failure) | Unjoined::Failed(failure) => failure,
        }
    }
}

impl Joints {
    pub(crate) async fn new(bus: &Bus, data: &DataFolder) -> Result<Self, Unjoined> {
        match bus {
            Bus::Memory => {
                let store = Sqlite::open(&data.store())?;
                Ok(Self {
                    bus: Arc::new(InProcess::new()),
                    store: Arc::new(store),
                    link: None,
                    lock: None,
                })
            }
            Bus::Redis(server) => {
                let lock = lock(&data.store())?;
                let joints = Self::on_redis(server).await.map_err(Unjoined::Failed)?;
                Ok(Self {
                    lock: Some(lock),
                    ..joints
                })
            }
        }
    }

    /// Without a data folder of its own: for a command beside the chatter that has it.
    pub(crate) async fn on_redis(server: &Server) -> Result<Self, Failure> {
        let link = Link::connect(server.clone());
        let link = link.await.map_err(Failure::failed)?;
        Ok(Self {
            bus: Arc::new(chatter_bus::redis::Redis::new(link.clone())),
            store: Arc::new(chatter_store::Redis::new(link.clone())),
            link: Some(link),
            lock: None,
        })
    }
}

/// A module by name, and what it is or why it is left out.
pub(super) type Modules = Vec<(String, Result<ModuleStatus, String>)>;

impl Parts {
    pub(super) async fn new(
        settings: &Settings,
        limits: Limits,
        data: &DataFolder,
    ) -> Result<Self, Failure> {
        // First, since the others register what they count when they are made.
        let metrics = Metrics::install()?;
        let Joints {
            bus,
            store,
            link,
            lock,
        } = Joints::new(&settings.bus, data).await?;
        let memory: SharedMemory = settings.memory.open(&data.memory(), Vectors::Made)?;
        let clock = Clock::system();
        let model = Arc::new(settings.llm.router(clock.clone())?);
        let mut sandbox = chatter_runtime::Config::new(
            settings.plugins.clone(),
            data.modules(),
            Arc::clone(&model) as SharedModel,
            Arc::clone(&memory),
        );
        sandbox.pool = settings.pool.clone();
        let limits = Arc::new(ArcSwap::from_pointee(limits));
        let now = Arc::clone(&limits);
        sandbox.limits = Arc::new(move |module| now.load().of_module(module));
        sandbox.compiled.clone_from(&settings.compiled);
        // Whoever watches a project writes personas here.
        sandbox.source_lines = !settings.watch.is_empty();
        let runtime = match settings.roles.contains(&Role::Worker) {
            true => Some(Arc::new(Runtime::new(sandbox).map_err(Failure::failed)?)),
            false => None,
        };
        Ok(Self {
            bus,
            store,
            model,
            memory,
            assessors: Assessors::new(settings.llm.assessors()?),
            runtime,
            limits,
            clock,
            metrics,
            link,
            streams: Streams {
                ffmpeg: settings.ffmpeg.clone(),
                ears: Ears::new(&settings.speech, &settings.data),
                sight: senses::sight(settings.vision.as_ref())?,
                summary: settings.summary,
            },
            _lock: lock,
        })
    }

    /// Loads all modules. One that is refused, or a folder that can't be read, is named by the
    /// report and keeps nothing else from starting.
    pub(super) async fn load_modules(&self) -> Result<Modules, String> {
        let Some(runtime) = &self.runtime else {
            return Ok(Vec::new());
        };
        let loaded = runtime
            .load_all()
            .await
            .map_err(|error| error.to_string())?;
        Ok(loaded
            .into_iter()
            .map(|(name, module)| (name, module.map_err(|why| why.to_string())))
            .collect())
    }

    /// `parts_in` are those of this process's services.
    pub(super) fn for_gateway(&self, parts_in: Vec<Rota>) -> chatter_gateway::Parts {
        let metrics = self.metrics.clone();
        let link = self.link.clone();
        chatter_gateway::Parts {
            bus: Arc::clone(&self.bus),
            store: Arc::clone(&self.store),
            clock: self.clock.clone(),
            metrics: Arc::new(move || metrics.render()),
            // Nothing listens before everything else is set up; only what is elsewhere may go away.
            ready: Arc::new(move || {
                if let Some(link) = &link {
                    link.ready().map_err(|fault| fault.to_string())?;
                }
                parts_in.iter().try_for_each(Rota::ready)
            }),
        }
    }

    pub(super) fn for_worker(&self, runtime: &Arc<Runtime>) -> chatter_worker::Parts {
        chatter_worker::Parts {
            bus: Arc::clone(&self.bus),
            store: Arc::clone(&self.store),
            memory: Arc::clone(&self.memory),
            personas: Arc::clone(runtime) as SharedPersonas,
            clock: self.clock.clone(),
        }
    }

    pub(super) fn for_trends(&self) -> chatter_trends::Parts {
        chatter_trends::Parts {
            bus: Arc::clone(&self.bus),
            store: Arc::clone(&self.store),
            clock: self.clock.clone(),
        }
    }

    /// What listens to sources with sound, or why nothing does.
    pub(super) fn ears(&self) -> Result<String, String> {
        self.streams.ears.describe()
    }

    /// Plays what a room watches, whenever that is this process's duty, until its end.
    pub(super) fn play(
        &self,
        room: &Room,
        source: Source,
        changes: Changes,
        rota: Rota,
        end: CancellationToken,
    ) -> Playing {
        let Changes {
            names,
            summaries,
            again,
        } = changes;
        let playback = Playback {
            room: room.config.id.clone(),
            speed: source.speed,
            looped: source.looped,
        };
        let (bus, clock) = (Arc::clone(&self.bus), self.clock.clone());
        let result = |ended: Result<(), PlayError>| ended.map_err(|error| error.to_string());
        let shown = source.watched.to_string();
        match source.watched {
            Watched::Subtitles { path, subtitles } => {
                let about = About {
                    source: shown,
                    hearing: Hearing {
                        by: HearingBy::Subtitles,
                        name: file_name(&path),
                        detail: String::new(),
                    },
                };
                let written = Written {
                    subtitles,
                    about,
                    names: Some(names),
                };
                Box::pin(
                    async move { result(attend(written, playback, rota, bus, clock, end).await) },
                )
            }
            Watched::Media { source, beside } => {
                let ears = &self.streams.ears;
                let media = Media {
                    source,
                    shown,
                    ffmpeg: self.streams.ffmpeg.clone(),
                    senses: Senses {
                        ears: ears
                            .are_wanted()
                            .then(|| Arc::new(ears.clone()) as Arc<dyn chatter_context::Ears>),
                        sight: self.streams.sight.clone(),
                        summaries: Some(summaries),
                        names: Some(names),
                    },
                    beside: beside.map(|(path, subtitles)| Beside {
                        name: file_name(&path),
                        subtitles,
                    }),
                    again,
                };
                Box::pin(async move {
                    result(attend_media(media, playback, rota, bus, clock, end).await)
                })
            }
        }
    }

    /// Who sums up what a room hears: its language models, or the host's, without the one that is none.
    pub(super) fn summaries(&self, room: &Room) -> Option<Summaries> {
        let every = self.streams.summary?;
        let default = || {
            self.model
                .route()
                .into_iter()
                .map(|(name, _)| name)
                .collect()
        };
        let route: Vec<String> = room.config.llm.clone().unwrap_or_else(default);
        let route: Vec<String> = route.into_iter().filter(|name| name != OFFLINE).collect();
        if route.is_empty() {
            return None;
        }
        let scope = Scope {
            room: room.config.id.clone(),
            persona: PersonaId::new(SUMMARY).ok()?,
        };
        Some(Summaries {
            model: Arc::clone(&self.model) as SharedModel,
            asker: Asker {
                route: Some(route.into()),
                ..Asker::new(scope)
            },
            every,
            deadline: SUMMARY_DEADLINE,
        })
    }
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// What changes while a source plays.
pub(super) struct Changes {
    /// Whose names are listened for.
    pub(super) names: Roll,
    /// Who sums up what is said.
    pub(super) summaries: SummedBy,
    /// When it is to be tried again.
    pub(super) again: Again,
}

/// A source that plays.
pub(super) type Playing = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// What sources are understood with.
struct Streams {
    ffmpeg: PathBuf,
    ears: Ears,
    sight: Option<Sight>,
    summary: Option<Duration>,
}

/// The recorder of the process's metrics.
#[derive(Clone)]
pub(super) struct Metrics(PrometheusHandle);

impl Metrics {
    fn install() -> Result<Self, Failure> {
        let cannot = |error| Failure::failed(format!("metrics can't be recorded: {error}"));
        PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)
            .map_err(cannot)?
            .install_recorder()
            .map(Self)
            .map_err(cannot)
    }

    /// All metrics, in the Prometheus text format.
    pub(super) fn render(&self) -> String {
        self.0.render()
    }

    /// Tidies up until its end.
    pub(super) async fn keep_up(self, end: CancellationToken) {
        let mut tick = tokio::time::interval(UPKEEP);
        while end.run_until_cancelled(tick.tick()).await.is_some() {
            self.0.run_upkeep();
        }
    }
}
