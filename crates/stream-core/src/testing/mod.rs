//! For tests only (feature `testing`): what a sink is held to, and the two ends of a data path under a test's control.
//!
//! | module | what it does |
//! |---|---|
//! | [`scripted`] | a source that does what the test says |
//! | [`memory`] | a sink in memory with a script of failures: the contract's reference implementation |
//! | [`counts`] | an observer that tests can ask |
//! | [`conformance`] | the suite that every sink passes |

pub mod conformance;
pub mod counts;
pub mod memory;
pub mod scripted;
