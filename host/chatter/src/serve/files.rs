//! How many files and connections the process may have open at once.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is left for everything that is no viewer's connection: the stores, the modules, requests to
/// a language model.
const RESERVED: u64 = 256;

/// Takes what the system allows. A usual soft limit, 1024, is made for programs that use `select(2)`
/// and is less than a large audience; raising it is left to those that don't (setrlimit(2),
/// systemd's "File Descriptor Limits").
///
/// The new limit; none if there is no bound.
pub(super) fn raise_limit() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files stays as it is");
            limit.current
        }
    }
}

/// How many connections may be open, out of `wanted`, so that they never take the last files.
pub(super) fn connections(wanted: usize, files: Option<u64>) -> usize {
    let Some(files) = files else { return wanted };
    let free = files.saturating_sub(RESERVED).max(files / 2).max(1);
    wanted.min(usize::try_from(free).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_rest() {
        for (files, connections_) in [
            (None, 10_000),
            (Some(1 << 20), 10_000),
            (Some(1024), 768),
            (Some(256), 128),
            (Some(0), 1),
        ] {
            assert_eq!(connections(10_000, files), connections_, "{files:?}");
        }
    }

    #[test]
    fn the_limit_is_raised_to_what_is_allowed() {
        raise_limit();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }
}
