//! Forgetting, in the memory and on the way there.

use super::{
    Absent, ForgetOptions,
    beside::Beside,
    counted, list,
    whose::{Look, Meant, Whose},
};
use crate::{
    Failure,
    said::{confirmed, note},
    serve::Joints,
};
use chatter_memory::Filter;
use chatter_protocol::AuthorId;
use chatter_store::{OutboxId, Unreadable};

/// `chatter memory forget`.
pub(super) async fn forget(options: ForgetOptions) -> Result<(), Failure> {
    let whose = options.whose;
    let says_what = whose.room.is_some()
        || whose.tenant.is_some()
        || whose.persona.is_some()
        || whose.about.is_some();
    if !says_what && !options.all {
        return Err(Failure::usage(
            "say what to forget: --about PERSON, --room TENANT/ROOM, --tenant TENANT or --persona PERSONA; or --all",
        ));
    }
    let opened = options.place.open(Absent::Refused)?;
    let memory = &opened.memory;
    let joints = opened.alone().await?;
    let beside = Beside::those_at(joints.as_ref()).await?;
    let filter = Filter {
        id: options.id,
        ..whose.filter()
    };
    let Meant { scopes, .. } = whose.scopes(&opened, Look::Everywhere).await?;
    let beyond = "and meant is forgotten too";
    let listed = list(&**memory, &scopes, &filter, beyond).await?;
    let listed: Vec<_> = listed
        .entries
        .into_iter()
        .filter(|(_, entries)| !entries.is_empty())
        .collect();
    let waiting = match &joints {
        Some(joints) if filter.id.is_none() => waiting(joints, &whose).await?,
        _ => Vec::new(),
    };
    let count: usize = listed.iter().map(|(_, entries)| entries.len()).sum();
    if count + waiting.len() == 0 {
        opened.tell_nothing();
        beside.tell(opened.is_mem0());
        return Ok(());
    }
    let what = format!(
        "{count} memories of {} in {}{}",
        counted(listed.len(), "persona"),
        memory.describe(),
        if waiting.is_empty() {
            String::new()
        } else {
            format!(", and {} on their way there", waiting.len())
        }
    );
    if !options.yes && !confirmed(&what)? {
        return Err(Failure::failed("nothing was forgotten"));
    }
    let on_their_way = waiting.len();
    if let Some(joints) = &joints {
        let settled = joints.store.settle_memories(waiting).await;
        settled.map_err(|error| Failure::caused(&error))?;
    }
    let mut gone = 0;
    for (scope, _) in listed {
        gone += memory
            .forget(&scope, &filter)
            .await
            .map_err(Failure::failed)?;
    }
    note(&format!(
        "forgotten: {gone} memories{}",
        match on_their_way {
            0 => String::new(),
            count => format!(", and {count} on their way there"),
        }
    ));
    beside.tell(opened.is_mem0());
    Ok(())
}

/// What waits in the store to be remembered and is meant too.
async fn waiting(joints: &Joints, whose: &Whose) -> Result<Vec<OutboxId>, Failure> {
    let pending = joints.store.all_pending_memories().await;
    let is_about = |about: &AuthorId, entry: &Option<AuthorId>| entry.as_ref() == Some(about);
    let (mut meant, mut unknown) = (Vec::new(), Vec::new());
    for entry in pending.map_err(|error| Failure::caused(&error))? {
        match entry {
            Ok(waiting) => {
                let about = whose.about.as_ref();
                if whose.takes(&waiting.scope)
                    && about.is_none_or(|about| is_about(about, &waiting.entry.about))
                {
                    meant.push(waiting.id);
                }
            }
            Err(unreadable) => match whose.takes_unread(&unreadable.id.room) {
                Some(true) => meant.push(unreadable.id),
                Some(false) => {}
                None => unknown.push(unreadable),
            },
        }
    }
    if let Some(Unreadable { place, detail, .. }) = unknown.first() {
        note(&format!(
            "{} of what waits to be remembered can't be read, so that nobody knows whose it is; it stays there ({place}: \
             {detail}). Without --persona and --about all of a room is forgotten",
            unknown.len()
        ));
    }
    Ok(meant)
}
