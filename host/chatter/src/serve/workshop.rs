//! `--watch`: personas' projects that are built at the start and at every save, for the plugin folder.
//! The runtime takes a new module from there by itself.

use crate::{
    Failure, colour,
    config::{self, Configuration, Known},
    persona::progress::{Spinner, size},
    settings::Settings,
};
use chatter_protocol::{PersonaConfig, PersonaId, RoomId, Schematic as _, config::RosterEntry};
use chatter_workbench::{
    Project,
    build::{self, Options, Progress},
    watch::{self, Watch},
};
use std::{
    convert::Infallible,
    path::{Path, PathBuf},
    sync::{Arc, Once},
};
use tokio_util::sync::CancellationToken;

/// All projects of a run.
pub(super) struct Workshop {
    benches: Vec<Arc<Bench>>,
    room: RoomId,
}

/// One project, and where its component goes.
pub(super) struct Bench {
    /// As it was at the start. Its module keeps that name until the next one.
    project: Project,
    plugin: PathBuf,
    /// It is told once, not at every look at the configuration, that the configuration has a persona of
    /// its character's id.
    told: Once,
}

impl Workshop {
    /// Finds the projects.
    ///
    /// # Errors
    ///
    /// What is wrong with them.
    pub(super) fn open(settings: &Settings) -> Result<Self, Vec<String>> {
        let mut benches: Vec<Arc<Bench>> = Vec::new();
        let mut wrong = Vec::new();
        for folder in &settings.watch {
            match Project::open(folder) {
                Ok(project) => benches.push(Arc::new(Bench {
                    plugin: settings.plugins.join(format!("{}.wasm", project.name)),
                    project,
                    told: Once::new(),
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
            Err(wrong)
        }
    }

    /// Gives a project's character a seat in the room, if nobody in any room runs on the module.
    ///
    /// # Errors
    ///
    /// What is wrong with the characters, which may name only what is known.
    pub(super) fn seat(
        &self,
        configuration: &mut Configuration,
        known: &Known,
    ) -> Result<(), Vec<String>> {
        let mut wrong = Vec::new();
        for bench in &self.benches {
            let seated = configuration
                .rooms
                .values()
                .flat_map(|room| configuration.seats(room))
                .any(|(_, module)| module == bench.project());
            if !seated && let Err(why) = self.add(bench, configuration, known) {
                wrong.extend(why);
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    fn add(
        &self,
        bench: &Bench,
        configuration: &mut Configuration,
        known: &Known,
    ) -> Result<(), Vec<String>> {
        let file = bench.project.character();
        let mut persona = config::read_persona(&file, known)?;
        // The project may be called otherwise by now.
        let is_renamed =
            || Project::open(&bench.project.root).is_ok_and(|now| now.name == persona.module);
        if persona.module != bench.project() && !is_renamed() {
            return Err(vec![format!(
                "{}: module: {:?}, but the project makes the module {:?}",
                file.display(),
                persona.module,
                bench.project()
            )]);
        }
        persona.module = bench.project().to_owned();
        let Some(room) = configuration.rooms.get_mut(&self.room) else {
            return Err(vec![format!("--room {}: there is no such room", self.room)]);
        };
        if let Some(configured) = configuration.personas.get(&persona.id) {
            let sits = |entry: &RosterEntry| entry.persona == persona.id;
            if configured.module == persona.module && !room.config.roster.iter().any(sits) {
                // It is the same one: its state is its own.
                bench.told.call_once(|| {
                    tracing::warn!(
                        "the configuration has the persona {} already: it sits as it is described there, and not in {}",
                        persona.id,
                        file.display()
                    );
                });
                persona = configured.clone();
            } else {
                let taken = |id: &PersonaId| configuration.personas.contains_key(id);
                let renamed = rename(&persona, taken)
                    .map_err(|why| vec![format!("{}: id: {why}", file.display())])?;
                bench.told.call_once(|| {
                    tracing::warn!(
                        "the configuration has a persona {} already, on the module {}: the project's sits as {}",
                        persona.id,
                        configured.module,
                        renamed.id
                    );
                });
                persona = renamed;
            }
        }
        let entry: RosterEntry =
            serde_json::from_value(serde_json::json!({ "persona": persona.id }))
                .map_err(|error| vec![error.to_string()])?;
        room.config.roster.push(entry);
        configuration.personas.insert(persona.id.clone(), persona);
        Ok(())
    }

    /// Watches all projects from now on.
    pub(super) fn watch(&self) -> Result<Vec<Watched>, Failure> {
        let watch = |bench: &Arc<Bench>| {
            let root = &bench.project.root;
            let watch = Watch::start(root).map_err(|error| {
                Failure::failed(format!(
                    "--watch {}: the system can't watch it: {error}",
                    root.display()
                ))
            })?;
            let bench = Arc::clone(bench);
            Ok(Watched { bench, watch })
        };
        self.benches.iter().map(watch).collect()
    }

    /// The files of the projects' characters, which belong to the configuration.
    pub(super) fn characters(&self) -> impl Iterator<Item = PathBuf> + '_ {
        self.benches.iter().map(|bench| bench.project.character())
    }
}

/// A project that is watched.
pub(super) struct Watched {
    bench: Arc<Bench>,
    watch: Watch,
}

/// Builds all projects, one after the other, and says what became of each.
pub(super) async fn build_all(projects: &[Watched]) {
    for Watched { bench, .. } in projects {
        let spinner = Spinner::new(&format!("building {}", bench.project()));
        bench.build(&spinner).await;
    }
}

impl Watched {
    /// The project's name.
    pub(super) fn name(&self) -> &str {
        self.bench.project()
    }

    /// Builds at every save until its end, also if that was before this was called.
    pub(super) async fn keep_up(mut self, end: CancellationToken) {
        let Some(Err(error)) = end.run_until_cancelled(self.build_anew()).await else {
            return;
        };
        let root = self.bench.project.root.display();
        tracing::error!("{root} is not watched any more, start again to have it built: {error}");
        end.cancelled().await;
    }

    /// What is being built is given up for what is newer.
    async fn build_anew(&mut self) -> Result<Infallible, watch::Error> {
        let Self { bench, watch } = self;
        watch.changed().await?;
        loop {
            tokio::select! {
                newer = watch.changed() => newer?,
                () = bench.build(&Aloud) => watch.changed().await?,
            }
        }
    }
}

/// A character whose id is another's sits under another one: its state would be the other's.
fn rename(
    persona: &PersonaConfig,
    taken: impl Fn(&PersonaId) -> bool,
) -> Result<PersonaConfig, String> {
    let mut number = 1;
    loop {
        let (id, name) = match number {
            1 => (
                format!("{}-new", persona.id),
                format!("New {}", persona.name),
            ),
            _ => (
                format!("{}-new-{number}", persona.id),
                format!("New {} {number}", persona.name),
            ),
        };
        let mut value = serde_json::to_value(persona).map_err(|error| error.to_string())?;
        value["id"] = id.clone().into();
        value["name"] = name.into();
        let renamed = PersonaConfig::from_value(value).map_err(|invalid| {
            format!(
                "the configuration has a persona {} already, and this one can't sit as {id}: {invalid}; give it another id",
                persona.id
            )
        })?;
        if !taken(&renamed.id) {
            return Ok(renamed);
        }
        number += 1;
    }
}

impl Bench {
    /// The project's name.
    pub(super) fn project(&self) -> &str {
        &self.project.name
    }

    /// Builds the project as it is now, and puts the component into the plugin folder if it is another
    /// one. If it fails, the one that is there goes on.
    async fn build(&self, progress: &dyn Progress) {
        let name = self.project();
        let how = Options {
            debug: true,
            colour: colour::on_stderr(),
        };
        let built = async {
            // Its manifest is among what its author saves.
            let project = Project::open(&self.project.root)?;
            if project.name != name {
                tracing::warn!(
                    "{}: the project is called {} now; its module goes on as {name} until chatter is started again",
                    project.root.display(),
                    project.name
                );
            }
            build::build(&project, how, progress).await
        };
        let built = match built.await {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A project that is called bird, with what its character's file says besides, is seated in a room beside
    /// whom the configuration's personas' file bird.toml describes, if there is one.
    fn seated(
        character: &str,
        configured: Option<&str>,
    ) -> Result<(Configuration, RoomId), Vec<String>> {
        seated_since("bird", "bird", character, configured)
    }

    /// The project has another name since the start, and its character names a module.
    fn seated_since(
        name: &str,
        module: &str,
        character: &str,
        configured: Option<&str>,
    ) -> Result<(Configuration, RoomId), Vec<String>> {
        let home = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = home.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("bird/package.json", r#"{"name":"bird"}"#);
        let bird = format!("id = \"bird\"\nname = \"Bird\"\nmodule = \"{module}\"\n");
        write("bird/persona.toml", &format!("{bird}{character}"));
        write("configs/moderation/default.toml", "name = \"default\"\n");
        let lobby = "id = \"main/lobby\"\ntitle = \"Lobby\"\n";
        write("configs/rooms/lobby.toml", lobby);
        if let Some(text) = configured {
            write("configs/personas/bird.toml", text);
        }
        let room: RoomId = "main/lobby".parse().unwrap();
        let workshop = Workshop {
            benches: vec![Arc::new(Bench {
                project: Project::open(&home.path().join("bird")).unwrap(),
                plugin: PathBuf::new(),
                told: Once::new(),
            })],
            room: room.clone(),
        };
        write("bird/package.json", &format!(r#"{{"name":"{name}"}}"#));
        let known = Known {
            models: vec!["fast".into()],
            ..Known::default()
        };
        let mut configuration = config::load(&home.path().join("configs"), None).unwrap();
        workshop.seat(&mut configuration, &known)?;
        Ok((configuration, room))
    }

    #[test]
    fn a_project_that_is_called_otherwise_by_now_keeps_its_seat() {
        for (name, module, is_seated) in [
            ("bird", "bird", true),
            ("parrot", "bird", true),
            ("parrot", "parrot", true),
            ("bird", "parrot", false),
            ("parrot", "owl", false),
        ] {
            let seated = seated_since(name, module, "", None);
            assert_eq!(seated.is_ok(), is_seated, "{name} {module}: {seated:?}");
            let Ok((configuration, room)) = seated else {
                continue;
            };
            let mut seats = configuration.seats(&configuration.rooms[&room]);
            assert!(seats.all(|(_, module)| module == "bird"));
        }
    }

    #[test]
    fn a_character_names_language_models_that_there_are() {
        assert!(seated("llm = [\"fast\"]\n", None).is_ok());
        let wrong = seated("llm = [\"fats\"]\n", None).unwrap_err();
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        let told = "bird/persona.toml: llm.0: there is no language model \"fats\" in chatter.toml; did you mean `fast`?";
        assert!(wrong[0].ends_with(told), "{wrong:?}");
    }

    #[test]
    fn a_character_that_the_configuration_has_on_the_module_sits_as_it_is_there() {
        let on =
            |module: &str| format!("id = \"bird\"\nname = \"Old Bird\"\nmodule = \"{module}\"\n");
        for (configured, id, name) in [
            (None, "bird", "Bird"),
            (Some(on("bird")), "bird", "Old Bird"),
            (Some(on("other")), "bird-new", "New Bird"),
        ] {
            let (configuration, room) = seated("", configured.as_deref()).unwrap();
            let seats = configuration.seats(&configuration.rooms[&room]);
            let seats: Vec<_> = seats
                .map(|(persona, module)| (persona.id.as_str(), &*persona.name, module))
                .collect();
            assert_eq!(seats, [(id, name, "bird")], "{configured:?}");
        }
    }

    #[test]
    fn a_character_whose_id_is_taken_gets_one_that_is_free_or_is_refused() {
        let long = "x".repeat(60);
        for (id, name, taken, expected) in [
            ("nova", "Nova", &["nova"][..], Ok(("nova-new", "New Nova"))),
            (
                "nova",
                "Nova",
                &["nova", "nova-new", "nova-new-2"],
                Ok(("nova-new-3", "New Nova 3")),
            ),
            (&long, "Nova", &[], Err("/id: ")),
            ("nova", &long[..39], &[], Err("/name: ")),
        ] {
            let persona = PersonaConfig::from_value(
                serde_json::json!({ "id": id, "name": name, "module": "m" }),
            )
            .unwrap();
            let is_taken = |id: &PersonaId| taken.contains(&id.as_str());
            match (rename(&persona, is_taken), expected) {
                (Ok(renamed), Ok((id, name))) => {
                    assert_eq!((renamed.id.as_str(), &*renamed.name), (id, name));
                }
                (Err(why), Err(part)) => assert!(why.contains(part), "{why}"),
                (got, _) => panic!("{id}, {name}: {got:?}"),
            }
        }
    }
}
