//! The thread that reads: the daemon's supervisor on a runtime of its own, so that the socket is read whatever the program does.

use std::sync::Arc;
use std::{io, thread};

use stream_core::supervisor::Standalone;

use crate::event::Exit;
use crate::inbox::Inbox;

/// Closes the inbox at the latest when the thread ends, by a panic too: nobody waits for ever.
struct Closing(Arc<Inbox>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close(Exit::Failed);
    }
}

/// Starts the thread, which lives until the stream has ended for good.
pub(crate) fn start(supervisor: Standalone, inbox: Arc<Inbox>) {
    let closing = Closing(inbox);
    let started = thread::Builder::new()
        .name("birdfeed-reader".to_owned())
        .spawn(move || match read(supervisor) {
            Ok(exit) => closing.0.close(exit),
            Err(error) => tracing::error!(%error, "the thread that reads the stream has no runtime"),
        });
    if let Err(error) = started {
        tracing::error!(%error, "no thread to read the stream");
    }
}

fn read(supervisor: Standalone) -> io::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let exit = runtime.block_on(supervisor.run());
    // A token file may lie on a disk that never answers.
    runtime.shutdown_background();
    Ok(exit.into())
}
