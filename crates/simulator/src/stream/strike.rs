//! The faults that strike within a stream.

use super::chunks::{self, broken};
use super::{Stream, Wake};
use crate::fault::{Cut, Fault, Socket};
use crate::http::bodies;
use crate::ledger::{End, LineKind, Origin};
use std::time::{Duration, Instant};

impl Stream<'_> {
    /// Lets a fault happen; an `Err` ends the stream.
    pub(super) async fn strike(&mut self, fault: Fault) -> Result<(), End> {
        let name = fault.name();
        match fault {
            Fault::Silence(span) => {
                let silent_from = Instant::now();
                self.wait(span.map(|span| silent_from + span), Wake::OnTimeOnly)
                    .await
            }
            Fault::CleanEnd => self.end().await,
            Fault::Reset => Err(End::Reset),
            Fault::Cut(place) => self.cut(place).await,
            Fault::Disconnect(kind, socket) => {
                let message = bodies::disconnect(kind);
                self.send_line(LineKind::Control, name.to_owned(), message.as_bytes())
                    .await?;
                match socket {
                    Socket::Closed => self.end().await,
                    Socket::LeftOpen => {
                        self.shared.release_slot(self.number);
                        self.wait(None, Wake::OnTimeOnly).await
                    }
                }
            }
            Fault::Garbage(kind) => {
                self.send_line(LineKind::Garbage, format!("{name} {}", kind.name()), &kind.line())
                    .await
            }
            Fault::Oversize(bytes) => {
                self.send_line(LineKind::Oversize, name.to_owned(), &oversize(bytes))
                    .await
            }
            Fault::Trickle { bytes, every } => self.trickle(bytes, every).await,
            Fault::Duplicate(count) => self.duplicate(count).await,
            Fault::OutOfOrder(count) => self.out_of_order(count).await,
            // These strike before there is a stream; injected into one, they have nothing to strike.
            Fault::Refuse | Fault::TlsStall(_) | Fault::HeadStall(_) | Fault::Status(_) => Ok(()),
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
            return Err(End::Cut);
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
