//! `chatter serve`: makes the parts, hands them to each other, starts them, and ends them in order.

mod budgets;
mod data;
mod files;
mod outset;
mod parts;
mod reload;
mod report;
mod services;
mod signals;
mod workshop;

pub(crate) use data::DataFolder;
pub(crate) use outset::check;
pub(crate) use parts::{Joints, Unjoined};

use crate::{
    Failure,
    args::ServeOptions,
    config::{self, Configuration, Stamp},
    logging,
    settings::{Listen, Role, Settings},
};
use arc_swap::ArcSwap;
use chatter_emotes::Emotes;
use chatter_gateway::{Gateway, Opened, OperatorToken, PersonaSeat};
use chatter_llm::LanguageModel as _;
use chatter_protocol::{PersonaConfig, RoomId, room::Model};
use chatter_store::{Duty, Rota};
use chatter_trends::Trends;
use chatter_worker::{Seat, Worker};
use outset::Outset;
use parts::Parts;
use reload::{Handles, Live, Origin, Reload};
use services::{Services, Stage};
use signals::Signals;
use std::{
    collections::BTreeMap,
    io::{ErrorKind, Write},
    sync::Arc,
    time::Duration,
};
use tokio::net::TcpListener;
use workshop::Watched;

/// After the services have ended, so long for work that is still on its way to the disk.
const LAST_WRITES: Duration = Duration::from_millis(400);

/// Runs the rooms until somebody ends it.
///
/// # Errors
///
/// [`Failure::Usage`] for wrong options and broken configuration files; [`Failure::Failed`] if it
/// can't start, or if one of its services ends by itself.
pub fn run(options: ServeOptions) -> Result<(), Failure> {
    let settings = Settings::load(options)?;
    logging::start(settings.log.clone());
    let Outset {
        workshop,
        origin,
        stamp,
        configuration,
    } = Outset::read(&settings, settings.missing_keys())?;
    // From here on nothing that is saved is missed, however long the first builds take.
    let watched = workshop.watch()?;
    let executor = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("can't start: {error}")))?;
    let ended = executor.block_on(serve(settings, configuration, watched, (origin, stamp)));
    executor.shutdown_timeout(LAST_WRITES);
    ended
}

async fn serve(
    settings: Settings,
    configuration: Configuration,
    watched: Vec<Watched>,
    (origin, stamp): (Origin, Stamp),
) -> Result<(), Failure> {
    let mut signals = Signals::new()?;
    let data = DataFolder::open(&settings.data)?;
    let listener = listen(settings.listen).await?;
    let address = listener.local_addr().map_err(Failure::failed)?;
    let parts = Parts::new(&settings, limits(&settings, &configuration), &data).await?;
    let token = data.operator_token(data::said_token().as_deref())?;
    tokio::select! {
        () = workshop::build_all(&watched) => {}
        () = signals.next() => return Ok(()),
    }
    // Compiling may take a while; nothing is running yet that would have to be ended.
    let modules = tokio::select! {
        modules = parts.load_modules() => modules,
        () = signals.next() => return Ok(()),
    };
    report::print(&report::Facts {
        settings: &settings,
        configuration: &configuration,
        parts: &parts,
        modules: &modules,
        data: &data,
        address,
    });

    let mut services = Services::new();
    let mut rotas = Vec::new();
    let worker = parts.runtime.as_ref().map(|runtime| {
        let worker = Worker::new(worker(&settings, &configuration), parts.for_worker(runtime));
        rotas.push(worker.rota());
        services.start(Stage::Worker, "watch of the modules", |end| {
            let watch = runtime.watch(settings.plugins_poll);
            async move {
                end.run_until_cancelled(watch).await;
            }
        });
        let handle = worker.handle();
        services.start(Stage::Worker, "worker", |end| worker.run(end));
        handle
    });
    let context = settings.roles.contains(&Role::Context).then(|| {
        let rota = Rota::new(Arc::clone(&parts.store), Duty::Context);
        rotas.push(rota.clone());
        let keeping = rota.clone();
        services.start(Stage::Worker, "leases of the sources", |end| {
            keeping.run(end)
        });
        rota
    });
    let trends = settings.roles.contains(&Role::Trends).then(|| {
        let trends = Trends::new(parts.for_trends());
        rotas.push(trends.rota());
        let handle = trends.handle();
        services.start(Stage::Worker, "trends", |end| trends.run(end));
        handle
    });
    let (reload, mut reloaded) = Reload::new(origin, stamp, signals.reload());
    let gateway = if settings.roles.contains(&Role::Gateway) {
        let config = gateway(&settings, &configuration, &parts, token);
        let emotes = Arc::clone(&config.emotes);
        let gateway = Gateway::new(config, parts.for_gateway(rotas));
        let handle = (gateway.handle(), emotes);
        services.start(Stage::Gateway, "gateway", |end| {
            gateway.serve(listener, end)
        });
        Some(handle)
    } else {
        let config = chatter_gateway::Config::new(token, llm(&parts));
        let gateway = Gateway::new(config, parts.for_gateway(rotas));
        services.start(Stage::Gateway, "listener", |end| {
            gateway.serve_probes(listener, end)
        });
        None
    };
    services.start(Stage::Gateway, "upkeep of the metrics", |end| {
        parts.metrics.clone().keep_up(end)
    });
    // Personas ask language models, and so do summaries of what rooms watch.
    if worker.is_some() || context.is_some() {
        // Until both have ended, which is before the gateway does.
        services.start(Stage::Gateway, "budgets of the language models", |end| {
            budgets::keep(Arc::clone(&parts.model), data.llm_budgets(), end)
        });
    }
    for project in watched {
        let name = format!("watch of {}", project.name());
        services.start(Stage::Sources, &name, |end| project.keep_up(end));
    }
    let handles = Handles {
        gateway,
        worker,
        context,
        trends,
    };
    let mut live = Live::start(configuration, handles, &mut services, &parts);
    services.start(Stage::Sources, "watch over the configuration", |end| {
        reload.run(end)
    });
    ready(address)?;

    let ended = loop {
        tokio::select! {
            () = signals.next() => break Ok(()),
            failure = services.first_failure() => break Err(Failure::Failed(failure)),
            Some(configuration) = reloaded.recv() => {
                live.become_this(configuration, &settings, &mut services, &parts);
            }
        }
    };
    tracing::info!("ending");
    tokio::select! {
        () = services.stop() => ended,
        () = signals.next() => Err(Failure::failed("ended at once; what was acknowledged is on disk")),
    }
}

/// What the gateway shows and whom it knows.
fn gateway(
    settings: &Settings,
    configuration: &Configuration,
    parts: &Parts,
    token: OperatorToken,
) -> chatter_gateway::Config {
    let mut limits = settings.gateway.limits();
    limits.connections = files::connections(limits.connections, files::raise_limit());
    chatter_gateway::Config {
        ui: Some(settings.ui.clone()),
        audit: Some(settings.data.join("audit")),
        proxies: settings.gateway.proxies.clone(),
        guests: settings.gateway.guests,
        allowed_origins: settings.gateway.origins.clone(),
        secure_cookie: settings.gateway.secure_cookie,
        limits,
        rooms: gateway_rooms(configuration),
        emotes: Arc::new(ArcSwap::from_pointee(albums(configuration))),
        assessors: parts.assessors.clone(),
        ..chatter_gateway::Config::new(token, llm(parts))
    }
}

/// What the personas think with, as the page says it.
fn llm(parts: &Parts) -> Model {
    let model = parts.model.about();
    Model {
        model: model.model,
        place: model.place,
        offline: model.offline,
    }
}

/// Their own emotes.
fn albums(configuration: &Configuration) -> BTreeMap<RoomId, Arc<Emotes>> {
    let rooms = configuration.rooms.iter();
    rooms
        .map(|(id, room)| (id.clone(), Arc::clone(&room.emotes)))
        .collect()
}

/// The rooms as people see them.
fn gateway_rooms(configuration: &Configuration) -> Vec<chatter_gateway::RoomSetup> {
    let room = |room: &config::Room| chatter_gateway::RoomSetup {
        id: room.config.id.clone(),
        title: room.config.title.clone(),
        policy: room.policy.clone(),
        modes: room.config.modes.into(),
        personas: configuration
            .seats(room)
            .map(|(persona, _)| PersonaSeat {
                id: persona.id.clone(),
                name: persona.name.clone(),
            })
            .collect(),
        recording: room.heard.as_ref().map(recording),
    };
    configuration.rooms.values().map(room).collect()
}

/// What viewers may hear.
fn recording(heard: &chatter_media::Recording) -> chatter_gateway::Recording {
    let recording = heard.clone();
    chatter_gateway::Recording::new(heard.path().display().to_string(), move || {
        let (file, media_type) = recording.open().map_err(std::io::Error::other)?;
        Ok(Opened { file, media_type })
    })
}

/// What the worker is to do.
fn worker(settings: &Settings, configuration: &Configuration) -> chatter_worker::Config {
    chatter_worker::Config {
        rooms: worker_rooms(configuration),
        limits: limits(settings, configuration),
        seed: settings.seed,
    }
}

/// Who sits where.
fn worker_rooms(configuration: &Configuration) -> Vec<chatter_worker::RoomSetup> {
    let seat = |room: &config::Room, persona: &PersonaConfig, module: &str| Seat {
        config: persona.clone(),
        module: module.to_owned(),
        shadow: room.shadow(&persona.id).map(str::to_owned),
    };
    let room = |room: &config::Room| chatter_worker::RoomSetup {
        config: room.config.clone(),
        seats: configuration
            .seats(room)
            .map(|(persona, module)| seat(room, persona, module))
            .collect(),
    };
    configuration.rooms.values().map(room).collect()
}

/// The bounds of calls that neither rooms nor personas say.
fn limits(settings: &Settings, configuration: &Configuration) -> chatter_worker::Limits {
    let modules = configuration.modules.iter();
    chatter_worker::Limits {
        host: settings.limits.clone(),
        modules: modules
            .filter_map(|(name, module)| Some((name.clone(), module.limits.clone()?)))
            .collect(),
    }
}

/// Takes the address, before anything else is set up.
async fn listen(at: Listen) -> Result<TcpListener, Failure> {
    TcpListener::bind(at.0).await.map_err(|error| {
        Failure::Failed(match error.kind() {
            ErrorKind::AddrInUse => format!("{at} is in use: end the program that listens there, or choose another address with --listen"),
            ErrorKind::PermissionDenied => format!("{at} is not allowed to this user: choose a port above 1023 with --listen"),
            ErrorKind::AddrNotAvailable => format!("{at} is no address of this machine: choose another with --listen"),
            _ => format!("can't listen at {at}: {error}"),
        })
    })
}

/// The line that other programs wait for.
fn ready(address: std::net::SocketAddr) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "listening on http://{address}").and_then(|()| stdout.flush()) {
        // Nobody has to read it.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("can't print: {error}")))
        }
        _ => Ok(()),
    }
}
