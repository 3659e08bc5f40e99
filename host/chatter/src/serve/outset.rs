//! What a run begins with: read and checked, and nothing of it has begun.

use super::{data, reload::Origin, workshop::Workshop};
use crate::{
    Failure,
    args::ServeOptions,
    config::{Configuration, Stamp},
    said::{note, print},
    settings::Settings,
};
use std::sync::Arc;

pub(super) struct Outset {
    pub(super) workshop: Arc<Workshop>,
    pub(super) origin: Origin,
    /// Of the configuration's files before they were read.
    pub(super) stamp: Stamp,
    pub(super) configuration: Configuration,
}

impl Outset {
    /// Reads what the settings name.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, and what is `wrong` already.
    pub(super) fn read(settings: &Settings, mut wrong: Vec<String>) -> Result<Self, Failure> {
        wrong.extend(settings.check_roles().err());
        wrong.extend(settings.bus.check().err());
        wrong.extend(data::said_token().and_then(|token| data::check_said(&token).err()));
        let read = Workshop::open(settings).and_then(|workshop| {
            let workshop = Arc::new(workshop);
            let origin = Origin::new(settings, Arc::clone(&workshop));
            let mut stamp = Stamp::of(&settings.config);
            let configuration = origin.read(&mut stamp)?;
            Ok(Self {
                workshop,
                origin,
                stamp,
                configuration,
            })
        });
        match read {
            Ok(outset) if wrong.is_empty() => return Ok(outset),
            Ok(_) => {}
            Err(more) => wrong.extend(more),
        }
        Err(Failure::Usage(wrong))
    }
}

/// `chatter config check`: whether `serve` would begin. Keys are where it runs, which need not be here.
pub(crate) fn check(options: ServeOptions) -> Result<(), Failure> {
    let settings = Settings::load(options)?;
    let Configuration {
        rooms,
        personas,
        policies,
        ..
    } = Outset::read(&settings, settings.check_servers())?.configuration;
    for key in settings.missing_keys() {
        note(&format!("note: {key} here, and `chatter serve` needs it"));
    }
    let count = |number: usize, one: &str, more: &str| {
        format!("{number} {}", if number == 1 { one } else { more })
    };
    print(&format!(
        "{}: {}, {}, {}: all fine",
        settings.config.display(),
        count(rooms.len(), "room", "rooms"),
        count(personas.len(), "persona", "personas"),
        count(policies, "moderation policy", "moderation policies"),
    ))?;
    Ok(())
}
