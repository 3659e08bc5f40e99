//! What benchmarks share that run the whole program.

pub(crate) mod heard;
pub(crate) mod options;
pub(crate) mod process;
pub(crate) mod quantile;
pub(crate) mod shipped;
