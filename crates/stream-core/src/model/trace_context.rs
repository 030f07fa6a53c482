//! Trace context: what ties a record to the span under which it was published.

use std::fmt;
use std::num::NonZeroU64;

/// The header that carries a [`TraceContext`] (<https://www.w3.org/TR/trace-context/#traceparent-header>).
pub const TRACEPARENT: &str = "traceparent";

/// A span in its trace, sampled. Displayed as the value of [`TRACEPARENT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace: [u64; 2],
    span: NonZeroU64,
}

impl TraceContext {
    /// A new trace, and its first span.
    pub fn random() -> Self {
        Self {
            // Neither may be zero.
            trace: [fastrand::u64(1..), fastrand::u64(..)],
            span: NonZeroU64::MIN.saturating_add(fastrand::u64(..u64::MAX)),
        }
    }

    /// The trace's id.
    pub fn trace(self) -> u128 {
        u128::from(self.trace[0]) << 64 | u128::from(self.trace[1])
    }

    /// The span's id.
    pub fn span(self) -> u64 {
        self.span.get()
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-01", self.trace(), self.span())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_the_standard_has_it() {
        let context = TraceContext {
            trace: [0xaf7_6519_16cd_43dd, 0x8448_eb21_1c80_319c],
            span: NonZeroU64::new(0xb7_ad6b_7169_2033).unwrap(),
        };
        assert_eq!(
            context.to_string(),
            "00-0af7651916cd43dd8448eb211c80319c-00b7ad6b71692033-01"
        );
        assert_ne!(TraceContext::random(), TraceContext::random());
    }
}
