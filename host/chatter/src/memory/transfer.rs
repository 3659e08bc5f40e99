//! Giving memories out as lines, and taking them in.

use super::{
    Absent, ExportOptions, ImportOptions,
    lines::{self, Line},
    list,
    whose::Look,
};
use crate::{
    Failure,
    said::{note, print},
};
use chatter_memory::{Filter, gist};
use chatter_protocol::CallId;
use std::{
    collections::{BTreeMap, HashMap},
    io,
};

/// `chatter memory export`.
pub(super) async fn export(options: ExportOptions) -> Result<(), Failure> {
    let opened = options.place.open(Absent::Refused)?;
    let memory = &opened.memory;
    let meant = options.whose.scopes(&opened, Look::AsFarAsKnown).await?;
    let filter = options.whose.filter();
    let listed = list(&**memory, &meant.scopes, &filter, "is not here").await?;
    for (scope, entries) in listed.entries {
        for entry in entries {
            if !print(&Line::of(scope.clone(), entry).json())? {
                return Ok(());
            }
        }
    }
    if listed.more || meant.more {
        return Err(Failure::failed(
            "the export may not be whole, for what is said above; all of it is in what Mem0 itself keeps: make a copy of that",
        ));
    }
    Ok(())
}

/// `chatter memory import`.
pub(super) async fn import(options: ImportOptions) -> Result<(), Failure> {
    let text = if options.file.as_os_str() == "-" {
        io::read_to_string(io::stdin())
    } else {
        std::fs::read_to_string(&options.file)
    };
    let name = options.file.display();
    let text = text.map_err(|error| Failure::usage(format!("{name}: {error}")))?;
    // All of it, before anything is written.
    let lines = lines::read(&text, &name.to_string()).map_err(Failure::Usage)?;
    let opened = options.place.open(Absent::Made)?;
    let _alone = match opened.is_mem0() {
        true => None,
        false => opened.alone().await?,
    };
    let memory = &opened.memory;
    let mut by_scope: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for line in lines {
        by_scope
            .entry(line.scope().to_string())
            .or_default()
            .push(line);
    }
    let (mut taken, mut known) = (0, 0);
    for lines in by_scope.into_values() {
        let Some(scope) = lines.first().map(Line::scope) else {
            continue;
        };
        let listing = memory.list(&scope, &Filter::default()).await;
        let listing = listing.map_err(Failure::failed)?;
        if listing.more {
            note(&format!(
                "{scope}: the memory holds more than it lists; what is known beyond is added again, and shown once"
            ));
        }
        let said = |entry: &chatter_protocol::memory::NewEntry| {
            (entry.kind, entry.about.clone(), gist(&entry.text))
        };
        let there: HashMap<_, _> = listing
            .entries
            .iter()
            .map(|entry| (said(&entry.entry), entry.at))
            .collect();
        for line in lines {
            if there
                .get(&said(&line.entry))
                .is_some_and(|at| *at >= line.at)
            {
                known += 1;
                continue;
            }
            let write_id = format!("import/{}", CallId::new());
            let done = memory
                .remember(&scope, &write_id, &line.entry, line.at)
                .await;
            done.map_err(|error| {
                Failure::failed(format!(
                    "{scope}: {error}; {taken} memories were taken in before"
                ))
            })?;
            taken += 1;
        }
    }
    note(&format!("taken in: {taken} memories; {known} were known"));
    Ok(())
}
