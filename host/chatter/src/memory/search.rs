//! Finding what personas remember.

use super::{
    Absent, SearchOptions,
    lines::Line,
    list,
    whose::{Look, Meant},
};
use crate::{
    Failure,
    said::{note, print},
};
use anstyle::Style;
use chatter_memory::{SEARCH_LIMIT, gist};
use chatter_protocol::memory::{Entry, Query, Scope};

/// `chatter memory search`.
pub(super) async fn search(options: SearchOptions) -> Result<(), Failure> {
    let opened = options.place.open(Absent::Refused)?;
    let memory = &opened.memory;
    let Meant { scopes, .. } = options.whose.scopes(&opened, Look::AsFarAsKnown).await?;
    let about = &options.whose.about;
    let mut found: Vec<(Scope, Entry)> = Vec::new();
    if about.is_some() || options.text.trim().is_empty() {
        let words: Vec<_> = gist(&options.text).split(' ').map(str::to_owned).collect();
        let filter = options.whose.filter();
        let listed = list(&**memory, &scopes, &filter, "is not here").await?;
        for (scope, entries) in listed.entries {
            let fits = |entry: &Entry| {
                let text = gist(&entry.entry.text);
                (options.kind.is_empty() || options.kind.contains(&entry.entry.kind))
                    && (options.text.trim().is_empty()
                        || text
                            .split(' ')
                            .any(|word| words.iter().any(|known| known == word)))
            };
            let entries = entries.into_iter().filter(fits);
            found.extend(entries.map(|entry| (scope.clone(), entry)));
        }
    } else {
        let query = Query {
            text: options.text,
            kinds: options.kind,
            limit: options.limit,
        };
        let mut cut = false;
        for scope in scopes {
            let entries = memory
                .search(&scope, &query)
                .await
                .map_err(Failure::failed)?;
            cut |= options.limit > SEARCH_LIMIT && entries.len() >= SEARCH_LIMIT as usize;
            found.extend(entries.into_iter().map(|entry| (scope.clone(), entry)));
        }
        if cut {
            note(&format!(
                "of a persona in a room at most {SEARCH_LIMIT} are found for words; `chatter memory export` gives more"
            ));
        }
    }
    found.sort_by(|(_, a), (_, b)| b.score.total_cmp(&a.score).then(b.at.cmp(&a.at)));
    found.truncate(options.limit as usize);
    if found.is_empty() {
        opened.tell_nothing();
    }
    for (scope, entry) in found {
        let line = if options.json {
            Line::of(scope, entry).json()
        } else {
            shown(&scope, &entry)
        };
        if !print(&line)? {
            break;
        }
    }
    Ok(())
}

fn shown(scope: &Scope, entry: &Entry) -> String {
    let (dim, bold) = (Style::new().dimmed(), Style::new().bold());
    let new = &entry.entry;
    let about = new
        .about
        .as_ref()
        .map_or_else(String::new, |about| format!(" about {about}"));
    let text: String = new
        .text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    format!(
        "{dim}{} {}{dim:#} {bold}{}{bold:#} {dim}{}{about}, {:.0}% sure, id {}{dim:#}\n  {text}",
        entry.at,
        scope.room,
        scope.persona,
        new.kind.as_str(),
        new.confidence * 100.0,
        entry.id
    )
}
