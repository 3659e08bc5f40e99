//! What a person reads when the program starts.

use super::{
    data::{DataFolder, TOKEN_VARIABLE, said_token},
    parts::{Modules, Parts},
};
use crate::{
    client::line::printable,
    config::{Configuration, Room, Watched},
    settings::{Role, Settings},
};
use anstyle::{AnsiColor, Style};
use chatter_bus::redis::Link;
use chatter_protocol::{PersonaId, TenantId};
use chatter_runtime::{ModuleStatus, Personas, Runtime};
use std::{
    collections::BTreeMap,
    fmt::Display,
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

/// So many digits of a digest tell one build of a module from another.
const SHORT_DIGEST: usize = 12;

/// What is to be told.
pub(super) struct Facts<'a> {
    pub(super) settings: &'a Settings,
    pub(super) configuration: &'a Configuration,
    pub(super) parts: &'a Parts,
    pub(super) modules: &'a Result<Modules, String>,
    pub(super) data: &'a DataFolder,
    pub(super) address: SocketAddr,
}

/// Prints it. Nobody has to read it, so a closed pipe is none of the program's business.
pub(super) fn print(facts: &Facts<'_>) {
    let _ = facts.write(&mut Page(anstream::stdout().lock()));
}

/// A label and what it is about, in two columns.
struct Page<W>(W);

impl<W: Write> Page<W> {
    fn line(&mut self, label: &str, text: impl Display) -> io::Result<()> {
        self.row(label, printable(&text.to_string()))
    }

    fn warning(&mut self, label: &str, text: impl Display) -> io::Result<()> {
        let yellow = AnsiColor::Yellow.on_default();
        let text = printable(&text.to_string());
        self.row(label, format_args!("{yellow}{text}{yellow:#}"))
    }

    /// The text has its own styles, and none of a stranger's.
    fn row(&mut self, label: &str, text: impl Display) -> io::Result<()> {
        let dim = Style::new().dimmed();
        writeln!(self.0, "  {dim}{label:<8}{dim:#} {text}")
    }
}

impl Facts<'_> {
    fn write<W: Write>(&self, page: &mut Page<W>) -> io::Result<()> {
        let bold = Style::new().bold();
        writeln!(
            page.0,
            "{bold}chatter {}{bold:#}",
            env!("CARGO_PKG_VERSION")
        )?;
        if let Some(file) = &self.settings.file.path() {
            page.line("settings", file.display())?;
        }
        page.line("bus", self.parts.bus.describe())?;
        page.line("store", self.parts.store.describe())?;
        if let Some(warning) = self.parts.link.as_ref().and_then(Link::warning) {
            page.warning("", warning)?;
        }
        if self.settings.roles.len() < Role::ALL.len() {
            let roles = self.settings.roles.iter().map(Role::as_str);
            page.line("role", roles.collect::<Vec<_>>().join(", "))?;
        }
        if self.settings.roles.contains(&Role::Worker) {
            page.line("memory", self.parts.memory.describe())?;
            if self.parts.link.is_some() && self.parts.memory.is_private() {
                page.warning(
                    "",
                    "this memory is of this process alone: with more than one worker on this Redis, personas forget when a \
                     room moves, and what one remembers may come into another's; use Mem0 there",
                )?;
            }
            self.model(page)?;
            self.modules(page)?;
        }
        let mut rooms = self.configuration.rooms.values();
        let has_sound = |room: &Room| {
            let source = room.source.as_ref();
            source.is_some_and(|source| matches!(source.watched, Watched::Media { .. }))
        };
        if self.settings.roles.contains(&Role::Context) && rooms.any(has_sound) {
            match self.parts.ears() {
                Ok(ears) => page.line("speech", ears)?,
                Err(why) => page.warning("speech", format_args!("words can't be heard: {why}"))?,
            }
        }
        self.rooms(page)?;
        if self.settings.roles.contains(&Role::Gateway) {
            self.face(page)?;
        }
        Ok(())
    }

    fn rooms<W: Write>(&self, page: &mut Page<W>) -> io::Result<()> {
        let bold = Style::new().bold();
        let has = |role| self.settings.roles.contains(&role);
        for (id, room) in &self.configuration.rooms {
            let title = printable(&room.config.title);
            page.row("room", format_args!("{bold}{id}{bold:#} {title}"))?;
            if has(Role::Gateway) {
                page.line("", format_args!("http://{}/r/{id}", self.address))?;
            }
            if has(Role::Worker) {
                page.line("", self.seats(room))?;
            }
            if has(Role::Context) {
                page.line("", watched(room))?;
            }
        }
        Ok(())
    }

    /// What others see of the program.
    fn face<W: Write>(&self, page: &mut Page<W>) -> io::Result<()> {
        if !self.settings.ui.join("index.html").is_file() {
            page.warning(
                "page",
                format_args!(
                    "{} is not built: `cargo xtask ui` builds it",
                    self.settings.ui.display()
                ),
            )?;
        }
        for (name, server) in &self.settings.llm.moderation {
            page.line(
                "moderation",
                format_args!("{name}: {} at {}", server.model, server.base_url),
            )?;
        }
        match said_token() {
            Some(_) => page.line("operator", format_args!("token in {TOKEN_VARIABLE}"))?,
            None => page.line(
                "operator",
                format_args!("token in {}", self.data.token_file().display()),
            )?,
        }
        if !self.address.ip().is_loopback() {
            let guests = if self.settings.gateway.guests {
                "as guests and "
            } else {
                ""
            };
            page.warning(
                "address",
                format_args!(
                    "{}: others can reach it, {guests}without encryption",
                    self.address
                ),
            )?;
        }
        Ok(())
    }

    fn model<W: Write>(&self, page: &mut Page<W>) -> io::Result<()> {
        for (at, (name, about)) in self.parts.model.route().into_iter().enumerate() {
            let label = if at == 0 { "llm" } else { "" };
            let or = if at == 0 { "" } else { "or else " };
            if about.offline {
                page.line(
                    label,
                    format_args!("{or}the offline model: built in, and no language model at all"),
                )?;
            } else {
                page.line(
                    label,
                    format_args!("{or}{name}: {} at {}", about.model, about.place),
                )?;
            }
        }
        if self.settings.llm.is_offline() {
            page.line(
                "",
                "a real one: --llm openai --llm-model NAME (see chatter serve --help)",
            )?;
        }
        Ok(())
    }

    fn modules<W: Write>(&self, page: &mut Page<W>) -> io::Result<()> {
        let modules = match self.modules {
            Ok(modules) => modules,
            Err(why) => return page.warning("modules", format_args!("none: {why}")),
        };
        for (name, module) in modules {
            match module {
                Ok(ModuleStatus {
                    module, trouble, ..
                }) => {
                    let digest = module.digest.get(..SHORT_DIGEST).unwrap_or(&module.digest);
                    page.line(
                        "module",
                        format_args!("{name} {} ({digest})", module.version),
                    )?;
                    if let Some(why) = trouble {
                        page.warning("", why)?;
                    }
                }
                Err(why) => page.warning("module", format_args!("{name} is left out: {why}"))?,
            }
        }
        for ((tenant, name), who) in self.wanted() {
            let listed = |listed: &str| modules.iter().any(|(known, _)| known == listed);
            if listed(name) || listed(&format!("{tenant}/{name}")) {
                continue;
            }
            let module = |runtime: &Arc<Runtime>| runtime.module(&tenant, name).err();
            if let Some(why) = self.parts.runtime.as_ref().and_then(module) {
                let who = who
                    .iter()
                    .map(|id| id.as_str())
                    .collect::<Vec<_>>()
                    .join(", ");
                page.warning(
                    "module",
                    format_args!("{name} is left out: {why}; silent without it: {who}"),
                )?;
            }
        }
        Ok(())
    }

    /// The modules that rosters name, with the personas that run on them.
    fn wanted(&self) -> BTreeMap<(TenantId, &str), Vec<&PersonaId>> {
        let mut wanted: BTreeMap<_, Vec<&PersonaId>> = BTreeMap::new();
        for (id, room) in &self.configuration.rooms {
            for (persona, module) in self.configuration.seats(room) {
                let who = wanted.entry((id.tenant(), module)).or_default();
                if !who.contains(&&persona.id) {
                    who.push(&persona.id);
                }
            }
        }
        wanted
    }

    fn seats(&self, room: &Room) -> String {
        let names: Vec<_> = self
            .configuration
            .seats(room)
            .map(|(persona, _)| persona.name.as_str())
            .collect();
        if names.is_empty() {
            "no personas".into()
        } else {
            format!("personas: {}", names.join(", "))
        }
    }
}

fn watched(room: &Room) -> String {
    match &room.source {
        None => "watches nothing".into(),
        Some(source) => {
            let speed = if source.speed == 1.0 {
                String::new()
            } else {
                format!(", {} times as fast", source.speed)
            };
            let again = if source.looped {
                ", again and again"
            } else {
                ""
            };
            let watched = match &source.watched {
                Watched::Subtitles { path, .. } => shown(path).display().to_string(),
                media @ Watched::Media { .. } => media.to_string(),
            };
            let heard = if room.heard.is_some() {
                ", which viewers may hear"
            } else {
                ""
            };
            format!("watches {watched}{speed}{again}{heard}")
        }
    }
}

/// A path without detours and, below the working folder, from there.
fn shown(path: &Path) -> PathBuf {
    let Ok(whole) = path.canonicalize() else {
        return path.to_owned();
    };
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    match here.ok().and_then(|here| whole.strip_prefix(here).ok()) {
        Some(below) => below.to_owned(),
        None => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_gives_the_terminal_no_orders() {
        let mut page = Page(Vec::new());
        let version = "1\u{1b}[2A\u{1b}]52;c;eA==\u{7}";
        page.line("module", format_args!("nova {version}")).unwrap();
        page.warning("module", format_args!("nova is left out: {version}"))
            .unwrap();
        let out = String::from_utf8(page.0).unwrap();
        let harmless = "1\u{fffd}[2A\u{fffd}]52;c;eA==\u{fffd}";
        assert_eq!(out.matches(harmless).count(), 2, "{out:?}");
    }
}
