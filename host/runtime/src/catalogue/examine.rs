//! What can be told of a component by itself, for its author: everything that the catalogue would
//! refuse it for, and not only the first of it, and what it needs and says of itself.

use super::{
    describe::describe,
    load::{Contract, FILE_BYTES, Loader, check_header, check_needs, one_line},
    refused::Refused,
};
use crate::{
    Error, Pool,
    artefacts::{self, Artefacts},
    debug_info, engine,
    inspect::inspect,
    lift,
    sandbox::Services,
};
use chatter_llm::SharedModel;
use chatter_memory::SharedMemory;
use chatter_protocol::{call::CallLimits, persona::Calls};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// A page of linear memory, in bytes.
const PAGE: u64 = 64 << 10;

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Examined {
    /// Every reason for which the catalogue would leave it out, as far as one could look.
    pub refused: Vec<Refused>,
    /// The version of the contract that it is spoken to in.
    pub contract: Option<&'static str>,
    /// The interfaces that it imports.
    pub imports: Vec<String>,
    /// What it needs, once it is compiled.
    pub needs: Option<Needed>,
    /// What it says of itself.
    pub about: Option<About>,
}

/// What a component needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needed {
    /// How long compiling took.
    pub compiled_in: Duration,
    /// Linear memories.
    pub memories: u32,
    /// What the largest of them begins with, in bytes.
    pub memory_bytes: u64,
    /// Tables.
    pub tables: u32,
    /// What the largest of them begins with.
    pub table_elements: u64,
    /// Places of the pool that each of its calls takes; none if it needs too much.
    pub places: Option<u32>,
}

/// What a component says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The module's name.
    pub name: String,
    /// The module's version.
    pub version: String,
    /// The version of its state.
    pub state_version: u32,
    /// The traits that it reads.
    pub traits: Vec<String>,
    /// The calls that it wants.
    pub calls: Calls,
}

/// Examines the bytes of a component, in an engine of its own. `data` is a folder for what is made
/// of it; `model` and `memory` are not reached.
///
/// # Errors
///
/// If the engine can't be set up; what is wrong with the component is in what was found.
pub async fn examine(
    bytes: &[u8],
    data: &Path,
    model: SharedModel,
    memory: SharedMemory,
) -> Result<Examined, Error> {
    let mut found = Examined::default();
    if bytes.len() as u64 > FILE_BYTES {
        found.refused.push(Refused::TooLarge(bytes.len() as u64));
    }
    if let Err(refused) = check_header(bytes) {
        found.refused.push(refused);
    }
    // What is none, or would take too long to compile, is looked at no further.
    if !found.refused.is_empty() {
        return Ok(found);
    }
    let inspected = match inspect(bytes) {
        Ok(inspected) => inspected,
        Err(unfit) => {
            found.refused.push(unfit.into());
            return Ok(found);
        }
    };
    let pool = Pool {
        calls: 1,
        ..Pool::default()
    };
    let engine = engine::build(&pool).map_err(Error::Engine)?;
    let folder = data.to_owned();
    let artefacts =
        Artefacts::open(data, &engine).map_err(|source| Error::Folder { folder, source })?;
    let services = Arc::new(Services {
        model,
        memory,
        ledger: crate::ledger::Ledger::default(),
        heard: None,
        lane: Arc::new(crate::lanes::SlowLane::new(BTreeMap::new()).map_err(Error::Threads)?),
    });
    let loader = Loader::new(&engine, artefacts, services.clone()).map_err(Error::Engine)?;

    let started = Instant::now();
    // Kept, so that whoever calls it next with the same folder need not compile it again.
    let digest = artefacts::digest(bytes);
    let (compiled, kept) = debug_info::compiled(bytes, &digest, &inspected.debug_sections, true);
    let component = match loader.artefacts.component(&engine, &kept, &compiled) {
        Ok(component) => component,
        Err(error) => {
            found.refused.push(Refused::Invalid(one_line(&error)));
            return Ok(found);
        }
    };
    let compiled_in = started.elapsed();
    let contract = Contract::of(&component, &engine);
    found.contract = contract.spoken;
    found.imports = contract.imports;
    let linkable = contract.refused.is_empty();
    found.refused.extend(contract.refused);
    let places = check_needs(&component, &inspected);
    if let Some(needs) = component.resources_required() {
        found.needs = Some(Needed {
            compiled_in,
            memories: needs.num_memories,
            memory_bytes: needs.max_initial_memory_size.unwrap_or(0) * PAGE,
            tables: needs.num_tables,
            table_elements: needs.max_initial_table_size.unwrap_or(0),
            places: places.as_ref().ok().copied(),
        });
    }
    let fits = places.is_ok();
    found.refused.extend(places.err());
    let (Some(version), true, true) = (found.contract, linkable, fits) else {
        return Ok(found);
    };
    let described = match loader.link(version, &component) {
        Ok(pre) => describe(&Arc::new(pre), None, &CallLimits::default(), &services).await,
        Err(error) => Err(Refused::Invalid(one_line(&error))),
    };
    match described {
        Ok(about) => {
            found.about = Some(About {
                name: about.name,
                version: about.version,
                state_version: about.state_version,
                traits: about.traits,
                calls: lift::calls(about.calls),
            });
        }
        Err(refused) => found.refused.push(refused),
    }
    Ok(found)
}
