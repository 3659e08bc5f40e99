//! `--watch`: personas' projects that are built at the start and at every save, for the plugin folder.
//! The runtime takes a new module from there by itself.

use crate::{
    Failure,
    config::{self, Configuration},
    persona::progress::{Spinner, colour, size},
    settings::Settings,
};
use chatter_protocol::{PersonaConfig, PersonaId, RoomId, config::RosterEntry};
use chatter_workbench::{
    Project,
    build::{self, Options, Progress},
    watch::{self, Watch},
};
use std::{
    convert::Infallible,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio_util::sync::CancellationToken;

/// All projects of a run.
pub(super) struct Workshop {
    benches: Vec<Arc<Bench>>,
    room: RoomId,
}

/// One project, and where its component goes.
pub(super) struct Bench {
    project: Project,
    plugin: PathBuf,
}

impl Workshop {
    /// Finds the projects.
    pub(super) fn open(settings: &Settings) -> Result<Self, Failure> {
        let mut benches: Vec<Arc<Bench>> = Vec::new();
        let mut wrong = Vec::new();
        for folder in &settings.watch {
            match Project::open(folder) {
                Ok(project) => benches.push(Arc::new(Bench {
                    plugin: settings.plugins.join(format!("{}.wasm", project.name)),
                    project,
                })),
                Err(error) => wrong.push(format!("--watch {error}")),
            }
        }
        for (at, bench) in benches.iter().enumerate() {
            let name = bench.project();
            if benches[..at]
                .iter()
                .any(|earlier| earlier.project() == name)
            {
                wrong.push(format!("--watch: two projects are called {name}"));
            }
        }
        if wrong.is_empty() {
            Ok(Self {
                benches,
                room: settings.room.clone(),
            })
        } else {
            Err(Failure::Usage(wrong))
        }
    }

    /// Gives a project's character a seat in the room, if nobody in any room runs on the module.
    pub(super) fn seat(&self, configuration: &mut Configuration) -> Result<(), Failure> {
        let mut wrong = Vec::new();
        for bench in &self.benches {
            let seated = configuration
                .rooms
                .values()
                .flat_map(|room| configuration.seats(room))
                .any(|(_, module)| module == bench.project());
            if !seated && let Err(why) = self.add(bench, configuration) {
                wrong.extend(why);
            }
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(Failure::Usage(wrong))
        }
    }

    fn add(&self, bench: &Bench, configuration: &mut Configuration) -> Result<(), Vec<String>> {
        let file = bench.project.character();
        let mut persona = config::read_persona(&file)?;
        if persona.module != bench.project() {
            return Err(vec![format!(
                "{}: module: {:?}, but the project makes the module {:?}",
                file.display(),
                persona.module,
                bench.project()
            )]);
        }
        let Some(room) = configuration.rooms.get_mut(&self.room) else {
            return Err(vec![format!("--room {}: there is no such room", self.room)]);
        };
        if let Some(other) = configuration.personas.get(&persona.id) {
            rename(&mut persona, &other.module)?;
        }
        let entry: RosterEntry =
            serde_json::from_value(serde_json::json!({ "persona": persona.id }))
                .map_err(|error| vec![error.to_string()])?;
        room.config.roster.push(entry);
        configuration.personas.insert(persona.id.clone(), persona);
        Ok(())
    }

    /// Builds all projects, one after the other, and says what became of each.
    pub(super) async fn build_all(&self) {
        for bench in &self.benches {
            let spinner = Spinner::new(&format!("building {}", bench.project()));
            bench.build(&spinner).await;
        }
    }

    /// The files of the projects' characters, which belong to the configuration.
    pub(super) fn characters(&self) -> impl Iterator<Item = PathBuf> + '_ {
        self.benches.iter().map(|bench| bench.project.character())
    }

    pub(super) fn benches(&self) -> impl Iterator<Item = Arc<Bench>> + '_ {
        self.benches.iter().cloned()
    }
}

/// A character whose id is another's sits under another name: its state would be the other's.
fn rename(persona: &mut PersonaConfig, module: &str) -> Result<(), Vec<String>> {
    let id = format!("{}-new", persona.id);
    tracing::warn!(
        "the configuration has a persona {} already, on the module {module}: the project's sits as {id}",
        persona.id
    );
    persona.id = PersonaId::new(&id).map_err(|error| vec![format!("{id}: {error}")])?;
    persona.name = format!("New {}", persona.name);
    Ok(())
}

impl Bench {
    /// The project's name.
    pub(super) fn project(&self) -> &str {
        &self.project.name
    }

    /// Builds at every save until its end.
    pub(super) async fn watch(self: Arc<Self>, end: CancellationToken) {
        let Some(Err(error)) = end.run_until_cancelled(self.keep_up()).await else {
            return;
        };
        let root = self.project.root.display();
        tracing::error!("{root} is not watched any more, start again to have it built: {error}");
        end.cancelled().await;
    }

    /// What is being built is given up for what is newer.
    async fn keep_up(&self) -> Result<Infallible, watch::Error> {
        let mut watch = Watch::start(&self.project.root)?;
        watch.changed().await?;
        loop {
            tokio::select! {
                newer = watch.changed() => newer?,
                () = self.build(&Aloud) => watch.changed().await?,
            }
        }
    }

    /// Builds, and puts the component into the plugin folder if it is another one. If it fails, the
    /// one that is there goes on.
    async fn build(&self, progress: &dyn Progress) {
        let name = self.project();
        let how = Options {
            debug: true,
            colour: colour(),
        };
        let built = match build::build(&self.project, how, progress).await {
            Ok(built) => built,
            Err(error) => {
                let goes_on = if self.plugin.exists() {
                    "; what was built before goes on"
                } else {
                    ""
                };
                tracing::error!("{name} is not built: {error}{goes_on}");
                return;
            }
        };
        let seconds = built.took.as_secs_f64();
        match self.put(&built.component) {
            Ok(true) => tracing::info!(
                "{name}: {}, built in {seconds:.2} s; {} is new",
                size(built.bytes),
                self.plugin.display()
            ),
            Ok(false) => tracing::info!("{name}: built in {seconds:.2} s; it is what it was"),
            Err(error) => tracing::error!("{name} is built, but not in the plugin folder: {error}"),
        }
    }

    /// Whether the component is another one than before.
    fn put(&self, component: &Path) -> Result<bool, build::Error> {
        if let (Ok(new), Ok(old)) = (std::fs::read(component), std::fs::read(&self.plugin))
            && new == old
        {
            return Ok(false);
        }
        build::place(component, &self.plugin)?;
        Ok(true)
    }
}

/// Says what the tools say, among the program's log.
struct Aloud;

impl Progress for Aloud {
    fn step(&self, _: &str) {}

    fn said(&self, text: &str) {
        use std::io::Write;
        let _ = anstream::stderr().lock().write_all(text.as_bytes());
    }
}
