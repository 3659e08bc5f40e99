//! What a component would need, read from its bytes before anything is compiled.
//!
//! Compiling costs far more than reading, and nothing can interrupt it, so what would make it take
//! long is refused here: by size, and by the number of instances that nested components come to (each
//! level may instantiate the one below twice). The bounds are far above what the SDKs' toolchains
//! make: CPython's largest function has 427 KB.

use crate::{brief, debug_info, engine::CORE_INSTANCES};
use serde::{Deserialize, Serialize};
use wasmparser::{
    CanonicalFunction, ComponentAlias, ComponentExternalKind, ComponentInstance,
    ComponentOuterAliasKind, ComponentTypeRef, Encoding, Instance, Parser, Payload,
};

/// The largest function's body, in bytes.
const FUNCTION_BYTES: usize = 512 << 10;

/// The most local variables of a function. Those of one type are two bytes however many they are.
const LOCALS: u64 = 10_000;

/// The most functions, over all core modules.
const FUNCTIONS: u64 = 100_000;

/// All functions' bodies together, in bytes.
const CODE_BYTES: u64 = 32 << 20;

/// The most instances of components that one consists of.
const COMPONENT_INSTANCES: u64 = 256;

/// The most lowered functions, over all instances. Where one component calls another, the compiler makes
/// an adapter for each, which goes through up to 1000 parts of what it hands over. The slowest within
/// these bounds that was found took 2 s in a build without optimisation, half of what CPython takes.
const LOWERED: u64 = 512;

/// All types together, in bytes, over all instances. CPython's have 21 KB.
const TYPE_BYTES: u64 = 512 << 10;

/// How deep components may stand in each other, and how many core modules there may be.
const DEPTH: usize = 8;
const MODULES: u64 = 128;

/// What a component needs beside what wasmtime tells of its compiled form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Needs {
    /// Core instances that an instance of it consists of.
    pub(crate) core_instances: u32,
    /// Where the names of its sections of debug information stand.
    pub(crate) debug_sections: Vec<usize>,
}

/// Why a component is not compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is broken.
    Invalid(String),
    /// It needs more than it may; what, in words that follow "needs".
    TooMuch(String),
}

impl From<wasmparser::BinaryReaderError> for Unfit {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::Invalid(brief::brief(error, brief::REASON_BYTES))
    }
}

/// What a component's instance consists of.
#[derive(Clone, Copy, Default)]
struct Made {
    core: u64,
    /// Of components; an empty one costs the compiler its time too.
    components: u64,
    lowered: u64,
    type_bytes: u64,
}

impl Made {
    /// One that isn't followed counts as too many.
    const UNKNOWN: Self = Self {
        core: u64::MAX,
        components: u64::MAX,
        lowered: u64::MAX,
        type_bytes: u64::MAX,
    };

    fn add(&mut self, other: Self) {
        self.core = self.core.saturating_add(other.core);
        self.components = self.components.saturating_add(other.components);
        self.lowered = self.lowered.saturating_add(other.lowered);
        self.type_bytes = self.type_bytes.saturating_add(other.type_bytes);
    }
}

/// One component while it is read.
#[derive(Default)]
struct Level {
    /// What each component makes that it can instantiate.
    components: Vec<Made>,
    made: Made,
}

impl Level {
    fn component(&self, index: u32) -> Made {
        let made = self.components.get(index as usize).copied();
        made.unwrap_or(Made::UNKNOWN)
    }
}

/// Reads a component's bytes.
pub(crate) fn inspect(bytes: &[u8]) -> Result<Needs, Unfit> {
    let mut levels: Vec<Level> = Vec::new();
    // Whether each part that is open is a component or a core module.
    let mut open: Vec<Encoding> = Vec::new();
    let mut whole = Made::default();
    let (mut modules, mut functions, mut code, mut types) = (0, 0, 0, 0);
    let mut debug_sections = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::Version { encoding, .. } => {
                open.push(encoding);
                match encoding {
                    Encoding::Component => levels.push(Level::default()),
                    Encoding::Module => modules += 1,
                }
                at_most("core modules", modules, MODULES)?;
                at_most(
                    "components within each other",
                    levels.len() as u64,
                    DEPTH as u64,
                )?;
            }
            Payload::End(_) => {
                if open.pop() == Some(Encoding::Component)
                    && let Some(done) = levels.pop()
                {
                    match levels.last_mut() {
                        Some(outer) => outer.components.push(done.made),
                        None => whole = done.made,
                    }
                }
            }
            Payload::CodeSectionEntry(body) => {
                let size = body.range().len();
                functions += 1;
                code += size as u64;
                if size > FUNCTION_BYTES {
                    return Err(Unfit::TooMuch(format!(
                        "a function of {size} bytes (the largest may have {FUNCTION_BYTES})"
                    )));
                }
                let mut locals = 0_u64;
                for declared in body.get_locals_reader()? {
                    locals += u64::from(declared?.0);
                }
                at_most("local variables in a function", locals, LOCALS)?;
                at_most("functions", functions, FUNCTIONS)?;
                at_most("bytes of code", code, CODE_BYTES)?;
            }
            Payload::InstanceSection(section) => {
                for instance in section {
                    if let (Instance::Instantiate { .. }, Some(level)) =
                        (instance?, levels.last_mut())
                    {
                        level.made.add(Made {
                            core: 1,
                            ..Made::default()
                        });
                    }
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section {
                    if let (
                        ComponentInstance::Instantiate {
                            component_index, ..
                        },
                        Some(level),
                    ) = (instance?, levels.last_mut())
                    {
                        let made = level.component(component_index);
                        level.made.add(made);
                        level.made.add(Made {
                            components: 1,
                            ..Made::default()
                        });
                    }
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section {
                    if let (CanonicalFunction::Lower { .. }, Some(level)) =
                        (function?, levels.last_mut())
                    {
                        level.made.add(Made {
                            lowered: 1,
                            ..Made::default()
                        });
                    }
                }
            }
            Payload::TypeSection(section) => types += section.range().len() as u64,
            Payload::CoreTypeSection(section) => types += section.range().len() as u64,
            Payload::ComponentTypeSection(section) => {
                let type_bytes = section.range().len() as u64;
                types += type_bytes;
                if let Some(level) = levels.last_mut() {
                    level.made.add(Made {
                        type_bytes,
                        ..Made::default()
                    });
                }
            }
            Payload::CustomSection(section) if section.name().starts_with(debug_info::PREFIX) => {
                debug_sections.push(section.data_offset() - section.name().len());
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section {
                    if let Some(made) = aliased(&alias?, &levels)
                        && let Some(level) = levels.last_mut()
                    {
                        level.components.push(made);
                    }
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    if let (ComponentTypeRef::Component(_), Some(level)) =
                        (import?.ty, levels.last_mut())
                    {
                        level.components.push(Made::UNKNOWN);
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                // What is exported can be named again, by a new number.
                for export in section {
                    let export = export?;
                    if export.kind == ComponentExternalKind::Component
                        && let Some(level) = levels.last_mut()
                    {
                        let made = level.component(export.index);
                        level.components.push(made);
                    }
                }
            }
            _ => {}
        }
    }
    at_most("core instances", whole.core, CORE_INSTANCES.into())?;
    at_most(
        "instances of components",
        whole.components,
        COMPONENT_INSTANCES,
    )?;
    at_most("lowered functions", whole.lowered, LOWERED)?;
    at_most("bytes of types", types.max(whole.type_bytes), TYPE_BYTES)?;
    Ok(Needs {
        core_instances: u32::try_from(whole.core).unwrap_or(u32::MAX),
        debug_sections,
    })
}

/// How many core instances a component makes that is named by an alias. One that comes out of an
/// instance isn't followed, and counts as too many.
fn aliased(alias: &ComponentAlias<'_>, levels: &[Level]) -> Option<Made> {
    match alias {
        ComponentAlias::Outer {
            kind: ComponentOuterAliasKind::Component,
            count,
            index,
        } => {
            let outer = levels.len().checked_sub(1 + *count as usize);
            Some(outer.map_or(Made::UNKNOWN, |at| levels[at].component(*index)))
        }
        ComponentAlias::InstanceExport {
            kind: ComponentExternalKind::Component,
            ..
        } => Some(Made::UNKNOWN),
        _ => None,
    }
}

fn at_most(what: &str, number: u64, most: u64) -> Result<(), Unfit> {
    if number > most {
        return Err(Unfit::TooMuch(format!(
            "{number} {what} (there may be {most})"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Needs, Unfit> {
        inspect(&wat::parse_str(text).unwrap())
    }

    fn core_instances(text: &str) -> u32 {
        read(text).unwrap().core_instances
    }

    #[test]
    fn core_instances_are_counted_through_nested_components() {
        let cases = [
            ("(component)", 0),
            ("(component (core module $m) (core instance (instantiate $m)) (core instance (instantiate $m)))", 2),
            // Never instantiated.
            ("(component (component (core module $m) (core instance (instantiate $m))))", 0),
            (
                "(component
                    (component $a (core module $m) (core instance (instantiate $m)))
                    (component $b
                        (alias outer 1 $a (component $a))
                        (instance (instantiate $a)) (instance (instantiate $a)))
                    (instance (instantiate $b)) (instance (instantiate $b)) (instance (instantiate $a)))",
                5,
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(core_instances(text), expected, "{text}");
        }
    }

    #[test]
    fn components_that_double_are_counted_and_not_made() {
        let mut text = String::from(
            "(component (component $c0 (core module $m) (core instance (instantiate $m)))",
        );
        for n in 1..=70 {
            let before = n - 1;
            text += &format!(
                "(component $c{n}
                    (alias outer 1 $c{before} (component $c))
                    (instance (instantiate $c)) (instance (instantiate $c)))"
            );
        }
        text += "(instance (instantiate $c70)))";
        let expected = Unfit::TooMuch(format!(
            "{} core instances (there may be {CORE_INSTANCES})",
            u64::MAX
        ));
        assert_eq!(read(&text), Err(expected));
        // The compiler would follow those that are empty too.
        let empty = text.replace("(core module $m) (core instance (instantiate $m))", "");
        assert!(matches!(read(&empty), Err(Unfit::TooMuch(_))));
    }

    /// A component that lowers so many functions, instantiated so often.
    fn lowering(functions: u64, instances: usize) -> String {
        let lowered = "(core func (canon lower (func $f)))".repeat(functions as usize);
        format!(
            r#"(component
                (component $c (import "f" (func $f)) {lowered})
                (import "f" (func $f))
                {})"#,
            r#"(instance (instantiate $c (with "f" (func $f))))"#.repeat(instances)
        )
    }

    #[test]
    fn what_is_lowered_is_counted_by_instance() {
        assert_eq!(read(&lowering(LOWERED / 8, 8)), Ok(Needs::default()));
        assert!(read(&lowering(LOWERED / 8, 9)).is_err());
        assert_eq!(read(&lowering(LOWERED + 1, 0)), Ok(Needs::default()));
    }

    #[test]
    fn what_would_take_long_is_refused() {
        let function = |body: String| format!("(component (core module (func {body})))");
        let cases = [
            (
                function("nop ".repeat(FUNCTION_BYTES)),
                "a function of 524290 bytes",
            ),
            (
                function(format!("(local {})", "i32 ".repeat(LOCALS as usize + 1))),
                "10001 local variables",
            ),
            (
                format!(
                    "(component {})",
                    "(core module)".repeat(MODULES as usize + 1)
                ),
                "129 core modules",
            ),
            (
                "(component ".repeat(DEPTH + 1) + &")".repeat(DEPTH + 1),
                "9 components within each other",
            ),
            (
                format!(
                    "(component (type (record {})))",
                    "(field \"a-long-name-of-a-field\" u8)".repeat(TYPE_BYTES as usize / 20)
                ),
                "bytes of types",
            ),
            (lowering(27, 19), "513 lowered functions"),
        ];
        for (text, expected) in cases {
            match read(&text) {
                Err(Unfit::TooMuch(what)) => assert!(what.contains(expected), "{what}"),
                other => panic!("{expected}: {other:?}"),
            }
        }
    }
}
