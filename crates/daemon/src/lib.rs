//! The birdfeed binary.
