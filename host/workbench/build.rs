//! Puts the project templates into the library, as `OUT_DIR/templates.rs`: a list of
//! `(language, [(path, text)])`. With those in JavaScript and Python goes a copy of the SDK, which is on
//! no registry.

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

/// What of an SDK a project gets a copy of, in `sdk/`: the folder below `persona-sdk/`, and its
/// files. A Rust project rests on the crate itself.
const COPIES: [(&str, &[&str]); 2] = [
    (
        "js",
        &[
            "package.json",
            "src",
            "build.js",
            "index.d.ts",
            "testkit.d.ts",
        ],
    ),
    (
        "python",
        &["pyproject.toml", "requirements.txt", "chatter_persona"],
    ),
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
        for (_, parts) in COPIES.iter().filter(|(copied, _)| *copied == language) {
            for part in *parts {
                let path = sdk.join(&language).join(part);
                if path.exists() {
                    collect(&path, format!("sdk/{part}"), &mut files)?;
                }
            }
            let contract = root.join("wit/persona.wit");
            collect(&contract, "sdk/wit/persona.wit".into(), &mut files)?;
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
