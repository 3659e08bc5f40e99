//! Puts the project templates into the library, as `OUT_DIR/templates.rs`: a list of
//! `(language, [(path, text)])`.

use std::{
    env,
    error::Error,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

/// What tools leave behind in a template that somebody built in place.
const LEFT_BEHIND: [&str; 7] = [
    "target",
    "dist",
    "node_modules",
    "build",
    ".venv",
    "__pycache__",
    "Cargo.lock",
];

/// What of an SDK a project gets a copy of, since it is on no registry; a Rust project rests on the crate
/// itself.
struct Copy {
    /// The folder of the SDK, below `persona-sdk/`, and of the template.
    language: &'static str,
    /// The files and folders, with the places that they have in a project.
    parts: &'static [(&'static str, &'static str)],
    /// Where the contract goes.
    contract: &'static str,
}

const COPIES: [Copy; 2] = [
    Copy {
        language: "js",
        parts: &[
            ("package.json", "sdk/package.json"),
            ("src", "sdk/src"),
            ("build.js", "sdk/build.js"),
            ("index.d.ts", "sdk/index.d.ts"),
            ("testkit.d.ts", "sdk/testkit.d.ts"),
        ],
        contract: "sdk/wit/persona.wit",
    },
    Copy {
        language: "python",
        parts: &[("chatter_persona", "chatter_persona")],
        contract: "chatter_persona/wit/persona.wit",
    },
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../..");
    let sdk = root.join("persona-sdk");
    let mut code = String::from("&[\n");
    for template in entries(&sdk.join("templates"))? {
        if !template.is_dir() {
            continue;
        }
        let language = name(&template);
        let mut files = Vec::new();
        collect(&template, String::new(), &mut files)?;
        for copy in COPIES.iter().filter(|copy| copy.language == language) {
            for (part, place) in copy.parts {
                collect(
                    &sdk.join(&language).join(part),
                    (*place).to_owned(),
                    &mut files,
                )?;
            }
            let contract = root.join("wit/persona.wit");
            collect(&contract, copy.contract.to_owned(), &mut files)?;
        }
        writeln!(code, "    ({language:?}, &[")?;
        for (path, file) in files {
            writeln!(
                code,
                "        ({path:?}, include_str!({:?})),",
                file.canonicalize()?
            )?;
        }
        code.push_str("    ]),\n");
    }
    code.push(']');
    fs::write(
        PathBuf::from(env::var("OUT_DIR")?).join("templates.rs"),
        code,
    )?;
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>, std::io::Error>>()?;
    found.sort();
    Ok(found)
}

/// A file, or all files of a folder, with the paths that they have in a project.
fn collect(
    from: &Path,
    to: String,
    files: &mut Vec<(String, PathBuf)>,
) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", from.display());
    if !from.is_dir() {
        files.push((to, from.to_owned()));
        return Ok(());
    }
    for path in entries(from)? {
        let name = name(&path);
        if !LEFT_BEHIND.contains(&name.as_str()) {
            let to = if to.is_empty() {
                name
            } else {
                format!("{to}/{name}")
            };
            collect(&path, to, files)?;
        }
    }
    Ok(())
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
