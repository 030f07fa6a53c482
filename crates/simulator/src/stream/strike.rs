//! The faults that strike within a stream.

use super::chunks::{self, broken};
use super::{Stream, Wake};
use crate::fault::{Cut, Disconnect, Fault, Planned, Socket};
use crate::http::bodies;
use crate::ledger::{End, LineKind, Origin};
use std::time::{Duration, Instant};

impl Stream<'_> {
    /// Counts a fault and lets it happen, if there is something for it to strike; an `Err` ends the stream.
    pub(super) async fn strike(&mut self, planned: Planned) -> Result<(), End> {
        if !self.can_strike(&planned.fault) {
            return Ok(());
        }
        // Before the client can see it, as with lines and the ledger.
        self.shared.settings.faults.count(&planned);
        let name = planned.fault.name().to_owned();
        match planned.fault {
            Fault::Silence(span) => {
                let until = span.map(|span| Instant::now() + span);
                self.wait(until, Wake::OnTimeOnly).await
            }
            Fault::CleanEnd => self.end().await,
            Fault::Reset => Err(End::Reset),
            Fault::Cut(place) => self.cut(place).await,
            Fault::Disconnect(kind, socket) => self.disconnect(kind, socket, name).await,
            Fault::Garbage(kind) => {
                self.send_line(LineKind::Garbage, format!("{name} {}", kind.name()), &kind.line())
                    .await
            }
            Fault::Oversize(bytes) => self.send_line(LineKind::Oversize, name, &oversize(bytes)).await,
            Fault::Trickle { bytes, every } => self.trickle(bytes, every).await,
            Fault::Duplicate(count) => self.duplicate(count).await,
            Fault::OutOfOrder(count) => self.out_of_order(count).await,
            // These strike before there is a stream.
            Fault::Refuse | Fault::TlsStall(_) | Fault::HeadStall(_) | Fault::Status(_) => Ok(()),
        }
    }

    /// Some faults need posts, and there may be none.
    fn can_strike(&self, fault: &Fault) -> bool {
        match fault {
            Fault::Cut(_) | Fault::Trickle { .. } | Fault::OutOfOrder(_) => {
                self.shared.has_posts(self.endpoint)
            }
            Fault::Duplicate(_) => !self.recent.is_empty() || self.shared.has_posts(self.endpoint),
            _ => !fault.is_early(),
        }
    }

    async fn disconnect(&mut self, kind: Disconnect, socket: Socket, name: String) -> Result<(), End> {
        let message = bodies::disconnect(kind);
        self.send_line(LineKind::Control, name, message.as_bytes())
            .await?;
        match socket {
            Socket::Closed => self.end().await,
            Socket::LeftOpen => {
                self.shared.release_slot(self.number);
                self.wait(None, Wake::OnTimeOnly).await
            }
        }
    }

    async fn end(&mut self) -> Result<(), End> {
        // Before the client can know of the end, so that it may connect again at once.
        self.shared.release_slot(self.number);
        self.send_raw(chunks::LAST).await?;
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
            self.send_raw(&broken(&line, at)).await?;
            self.written += at as u64;
            self.shared.ledger.written(self.number, self.written);
            return Err(End::Cut);
        }
        self.chunker.batch().extend_from_slice(&line[..at]);
        self.flush().await?;
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
            self.chunker.batch().extend_from_slice(piece);
            self.flush().await?;
            if pieces.peek().is_some() {
                self.wait(Some(Instant::now() + every), Wake::OnTimeOnly).await?;
            }
        }
        Ok(())
    }

    /// Makes and enters the next post; gives its line with its end, nothing written yet.
    fn next_line(&mut self) -> Result<Option<Vec<u8>>, End> {
        let Some(stamp) = self.shared.maker().next(self.endpoint) else {
            return Ok(None);
        };
        let place = self.push_post(stamp);
        self.enter_posts(&[(stamp, place.clone())], Origin::Live)?;
        self.remember([stamp].into_iter());
        self.pacer.made(1);
        Ok(Some(self.chunker.batch().split_off(place.start)))
    }

    async fn duplicate(&mut self, count: usize) -> Result<(), End> {
        if self.recent.is_empty() {
            self.send_batch(1).await?;
        }
        let from = self.recent.len().saturating_sub(count);
        let stamps: Vec<_> = self.recent.range(from..).copied().collect();
        self.send_again(&stamps, Origin::Duplicate).await
    }

    async fn out_of_order(&mut self, count: usize) -> Result<(), End> {
        let mut stamps: Vec<_> = {
            let mut maker = self.shared.maker();
            std::iter::from_fn(|| maker.next(self.endpoint))
                .take(count)
                .collect()
        };
        stamps.reverse();
        self.remember(stamps.clone().into_iter());
        self.pacer.made(stamps.len() as u64);
        self.send_again(&stamps, Origin::Live).await
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
