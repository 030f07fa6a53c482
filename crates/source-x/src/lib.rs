//! X's streaming endpoints behind Source.
