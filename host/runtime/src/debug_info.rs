//! A component's own debug information (DWARF), from which a trap is told with file and line.
//!
//! wasmtime reads it anew at every trap and for each function on the stack, outside of a call's bounds.
//! What that costs can't be told from its size, since units may share abbreviations and ranges, so it
//! grows with the square; that of an ordinary Rust persona, standard library included, costs a thousand
//! times what the call does. So it is read where whoever runs the host writes the components too
//! ([`Config::source_lines`](crate::Config)); elsewhere the compiler doesn't get to see it.

use std::{borrow::Cow, sync::Arc};

/// What the names of its sections begin with.
pub(crate) const PREFIX: &str = ".debug_";

/// What is compiled of a component, and what that is kept under.
pub(crate) fn compiled<'a>(
    bytes: &'a [u8],
    digest: &Arc<str>,
    sections: &[usize],
    source_lines: bool,
) -> (Cow<'a, [u8]>, Arc<str>) {
    match (sections, source_lines) {
        ([], _) => (bytes.into(), digest.clone()),
        (_, true) => (bytes.into(), format!("{digest}-lines").into()),
        (sections, false) => (hidden(bytes, sections).into(), digest.clone()),
    }
}

/// The same bytes, with other names at these places: nobody knows those sections then.
fn hidden(bytes: &[u8], sections: &[usize]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for &at in sections {
        if let Some(first) = bytes.get_mut(at) {
            *first = b'_';
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::inspect;

    #[test]
    fn debug_information_is_compiled_for_those_alone_who_want_it() {
        let component = |custom: &str| {
            let text = format!(
                "(component (core module {custom}) (component (core module {custom} (memory 1))))"
            );
            wat::parse_str(text).unwrap()
        };
        let digest: Arc<str> = "ab12".into();
        let with = component(r#"(@custom ".debug_info" "units") (@custom ".debug_line" "lines")"#);
        let without =
            component(r#"(@custom "_debug_info" "units") (@custom "_debug_line" "lines")"#);
        let cases = [
            (&with, false, &without, "ab12"),
            (&with, true, &with, "ab12-lines"),
            (&without, true, &without, "ab12"),
        ];
        for (bytes, source_lines, expected, kept) in cases {
            let sections = inspect(bytes).unwrap().debug_sections;
            let (seen, name) = compiled(bytes, &digest, &sections, source_lines);
            assert_eq!((&*seen, &*name), (&**expected, kept));
        }
    }
}
