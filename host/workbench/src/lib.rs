//! What authors of personas use beside the SDK: a project of theirs as files, and what is done with it.
//!
//! It owns what a persona's project is (its language, its name, its character, where its component
//! goes) and how one is built. It promises that a component appears whole or not at all, and that
//! what is wrong is said with its place and the way out, in files of the host's configuration in the
//! same words. A try-out is a whole room with the real worker. It must not know the command line, nor
//! decide what services decide: when a persona speaks is the worker's.

pub mod build;
pub mod cases;
pub mod character;
pub mod check;
pub mod cost;
mod loaded;
mod nearest;
pub mod project;
pub mod rehearsal;
mod schema_names;
mod subject;
pub mod template;
mod text;
pub mod timeline;
pub mod tryout;
pub mod watch;

pub use loaded::Loaded;
pub use nearest::did_you_mean;
pub use project::{Language, Project};
pub use subject::Subject;
pub use text::{Text, Wrong, toml_problem};
