//! Fault injection within a stream.

use std::future::pending;
use std::time::{Duration, Instant};

use super::live::Stream;
use crate::fault::{Cut, Disconnect, Fault, Planned, Socket};
use crate::http::bodies;
use crate::ledger::{End, LineKind};
use crate::notice::{self, Notice};

impl Stream<'_> {
    /// Counts a fault and lets it happen, if there is something for it to strike; an `Err` ends the stream.
    pub(super) async fn strike(&mut self, planned: Planned) -> Result<(), End> {
        if !self.can_strike(&planned.fault) {
            return Ok(());
        }
        // Before the client can see it, as with lines and the ledger.
        self.state.settings.faults.count(&planned);
        let name = planned.fault.name().to_owned();
        match planned.fault {
            Fault::Silence(span) => {
                let until = span.map(|span| Instant::now() + span);
                self.writer.wait(until, pending()).await
            }
            Fault::CleanEnd => self.end().await,
            Fault::Reset => Err(End::Reset),
            Fault::Cut(place) => self.cut(place).await,
            Fault::Disconnect(kind, socket) => self.disconnect(kind, socket, name).await,
            Fault::Notice(notice) => self.notice(notice).await,
            Fault::Code(code, socket) => self.disconnect_v1(code, socket).await,
            Fault::Garbage(kind) => {
                let fault = format!("{name} {}", kind.name());
                self.writer
                    .send_line(LineKind::Garbage, fault, &kind.line())
                    .await
            }
            Fault::Oversize(bytes) => {
                self.writer
                    .send_line(LineKind::Oversize, name, &oversize(bytes))
                    .await
            }
            Fault::Trickle { bytes, every } => self.trickle(bytes, every).await,
            Fault::Duplicate(count) => self.send_duplicates(count).await,
            Fault::OutOfOrder(count) => self.send_reversed(count).await,
            // These strike before there is a stream.
            Fault::Refuse | Fault::TlsStall(_) | Fault::HeadStall(_) | Fault::Status(_) => Ok(()),
        }
    }

    /// Some faults need posts, and there may be none.
    fn can_strike(&self, fault: &Fault) -> bool {
        match fault {
            Fault::Cut(_) | Fault::Trickle { .. } | Fault::OutOfOrder(_) => self.has_posts(),
            Fault::Duplicate(_) => self.can_repeat(),
            _ => !fault.is_early(),
        }
    }

    /// Somebody with the same credentials has ended it.
    pub(super) async fn evicted(&mut self) -> Result<(), End> {
        if self.feed.endpoint.is_v1() {
            return self.disconnect_v1(7, Socket::Closed).await;
        }
        self.disconnect(
            Disconnect::Force,
            Socket::Closed,
            "closed by its owner".to_owned(),
        )
        .await
    }

    async fn disconnect(&mut self, kind: Disconnect, socket: Socket, name: String) -> Result<(), End> {
        self.say_goodbye(bodies::disconnect(kind), name, socket).await
    }

    /// v1.1's last message.
    pub(super) async fn disconnect_v1(&mut self, code: u8, socket: Socket) -> Result<(), End> {
        self.say_goodbye(&notice::disconnect(code), format!("code {code}"), socket)
            .await
    }

    async fn notice(&mut self, notice: Notice) -> Result<(), End> {
        if notice == Notice::Limit {
            self.undelivered += 7;
        }
        let (line, name) = (notice.line(self.undelivered), format!("notice {}", notice.name()));
        self.writer
            .send_line(LineKind::Control, name, line.as_bytes())
            .await
    }

    async fn say_goodbye(&mut self, message: &str, name: String, socket: Socket) -> Result<(), End> {
        self.writer
            .send_line(LineKind::Control, name, message.as_bytes())
            .await?;
        match socket {
            Socket::Closed => self.end().await,
            Socket::LeftOpen => {
                self.state.release_slot(self.number);
                self.writer.wait(None, pending()).await
            }
        }
    }

    pub(super) async fn end(&mut self) -> Result<(), End> {
        // Before the client can know of the end, so that it may connect again at once.
        self.state.release_slot(self.number);
        self.writer.send_last().await?;
        Err(End::Clean)
    }

    /// Writes the first part of a post, then closes.
    async fn cut(&mut self, place: Cut) -> Result<(), End> {
        let Some(line) = self.next_line()? else {
            return Ok(());
        };
        let at = match place {
            // The world writes raw UTF-8 in most posts; without any, the middle has to do.
            Cut::Utf8 => line
                .iter()
                .position(|byte| *byte >= 0xC0)
                .map_or(line.len() / 2, |at| at + 1),
            Cut::Line | Cut::Chunk | Cut::Ended => line.len() / 2,
        };
        if place == Cut::Chunk {
            self.writer.send_broken(line, at).await?;
            return Err(End::Cut);
        }
        self.writer.push(&line[..at]);
        self.writer.flush().await?;
        if place == Cut::Ended {
            self.end().await
        } else {
            Err(End::Cut)
        }
    }

    /// Writes the next post a few bytes at a time.
    async fn trickle(&mut self, bytes: usize, every: Duration) -> Result<(), End> {
        let Some(line) = self.next_line()? else {
            return Ok(());
        };
        let mut pieces = line.chunks(bytes.max(1)).peekable();
        while let Some(piece) = pieces.next() {
            self.writer.push(piece);
            self.writer.flush().await?;
            if pieces.peek().is_some() {
                self.writer.wait(Some(Instant::now() + every), pending()).await?;
            }
        }
        Ok(())
    }
}

/// A valid message of exactly that size (or the smallest there is).
fn oversize(bytes: usize) -> Vec<u8> {
    const FRONT: &[u8] = b"{\"data\":{\"id\":\"1700000000000000010\",\"text\":\"";
    const BACK: &[u8] = b"\"}}";
    let mut line = FRONT.to_vec();
    line.resize(bytes.saturating_sub(BACK.len()).max(FRONT.len()), b'x');
    line.extend_from_slice(BACK);
    line
}
