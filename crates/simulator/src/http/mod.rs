//! HTTP/1.1, the server's side, by hand, because faults need the raw socket.

pub(crate) mod bodies;
pub(crate) mod coding;
pub(crate) mod options;
pub(crate) mod params;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod wire;
