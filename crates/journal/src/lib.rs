//! A write-ahead log of opaque bytes: segments, cursors, recovery.
