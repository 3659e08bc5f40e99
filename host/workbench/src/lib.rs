//! What authors of personas use beside the SDK: a project of theirs as files, and what is done with it.
//!
//! It owns what a persona's project is (its language, its name, its character, where its component
//! goes) and how one is built. It promises that a component appears whole or not at all, and that
//! what is wrong is said with its place and the way out. It must not know the command line, and no
//! rooms, rosters or viewers: a project and a component are all it sees.

pub mod build;
pub mod check;
pub mod project;
pub mod template;
pub mod watch;

pub use project::{Language, Project};
