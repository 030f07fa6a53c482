//! The signals of an operator. SIGTERM and SIGINT end the daemon: the first asks, the second tells.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Waits for SIGTERM or SIGINT.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on the signals no longer kill the process.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// The name of the next one. Cancel safe.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// From now on no signal kills the process that does not mean its end. Must be called within a runtime.
pub fn answer_others() -> io::Result<()> {
    // Sent by a rotated log, a profiler, a hasty hand.
    let meaningless = [
        ("SIGUSR1", SignalKind::user_defined1()),
        ("SIGUSR2", SignalKind::user_defined2()),
        ("SIGALRM", SignalKind::alarm()),
        ("SIGIO", SignalKind::io()),
        ("SIGPIPE", SignalKind::pipe()),
    ];
    for (name, kind) in meaningless {
        let mut received = signal(kind)?;
        tokio::spawn(async move {
            while received.recv().await.is_some() {
                // A broken pipe shows where it is written to.
                if name != "SIGPIPE" {
                    tracing::warn!(signal = name, "this signal means nothing here");
                }
            }
        });
    }
    Ok(())
}

/// SIGHUP: the wish for a new configuration.
pub struct Hangups(Signal);

impl Hangups {
    /// From now on SIGHUP no longer kills the process.
    pub fn new() -> io::Result<Self> {
        Ok(Self(signal(SignalKind::hangup())?))
    }

    /// Waits for the next one. Cancel safe.
    pub async fn next(&mut self) {
        self.0.recv().await;
    }
}
