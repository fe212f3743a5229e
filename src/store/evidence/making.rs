//! Makes trees of the leaves that the writer has committed: beside it, from what is durable alone, so that a crash loses nothing.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::evidence::Tree;
use crate::store::database::{Database, Part};
use crate::store::error::StoreError;
use crate::store::link::Link;
use crate::store::month::Month;
use crate::store::read::Reader;
use crate::store::waiting::Waitroom;

use super::places::{self, Series};
use super::roots;
use super::seals::Seals;

/// A batch ends after this time.
const EVERY: Duration = Duration::from_secs(1);

/// A batch with as many exchanges takes no further transaction.
const ENOUGH: usize = 4_096;

/// Makes the roots of one node.
pub(in crate::store) struct RootMaker {
    database: Database,
    node: String,
    room: Arc<Waitroom>,
    seals: Arc<Seals>,
    link: Option<Link>,
    /// A server's connection is kept between two looks; files are closed, since they may be put in another place.
    reader: Option<Reader>,
    /// No series of a month before can have gone on since the last look.
    since: Option<Month>,
}

impl RootMaker {
    pub(in crate::store) fn new(
        database: Database,
        node: &str,
        room: Arc<Waitroom>,
        seals: Arc<Seals>,
    ) -> RootMaker {
        RootMaker {
            database,
            node: node.to_owned(),
            room,
            seals,
            link: None,
            reader: None,
            since: None,
        }
    }

    /// Goes on until it is told that the writer has ended, and then takes what that one wrote last.
    pub(in crate::store) async fn run(mut self, mut ended: oneshot::Receiver<()>) {
        let mut seen = None;
        let mut trouble = String::new();
        loop {
            let over = timeout(EVERY, &mut ended).await.is_ok();
            let records = self.room.figures.records.load(Ordering::Relaxed);
            if seen != Some(records) {
                match self.look().await {
                    Ok(()) => {
                        seen = Some(records);
                        trouble.clear();
                    }
                    Err(error) => self.fail(&error, &mut trouble),
                }
            }
            if over {
                self.close().await;
                return;
            }
        }
    }

    /// Tells a failure once, as long as it stays the same. Nothing is lost: the next look begins where the last root ends.
    fn fail(&mut self, error: &StoreError, trouble: &mut String) {
        (self.link, self.reader) = (None, None);
        let told = error.to_string();
        if *trouble != told {
            tracing::error!(%error, "gli scambi registrati non si possono mettere sotto una radice: si riprova");
            *trouble = told;
        }
    }

    /// Makes roots over everything that is committed.
    async fn look(&mut self) -> Result<(), StoreError> {
        let now = Month::of(chrono::Utc::now());
        for part in self.database.parts_since(self.since)? {
            let lasts = matches!(part, Part::Whole(_));
            let mut reader = match self.reader.take() {
                Some(reader) => reader,
                None => part.reader().await?,
            };
            for series in places::series(&mut reader).await? {
                if series.node == self.node && self.since.is_none_or(|since| series.month >= since)
                {
                    self.go_on(&mut reader, &series).await?;
                }
            }
            if lasts {
                self.reader = Some(reader);
            } else {
                reader.close().await?;
            }
        }
        self.since = Some(now.plus(-1));
        Ok(())
    }

    /// Takes a series on to its end.
    async fn go_on(&mut self, reader: &mut Reader, series: &Series) -> Result<(), StoreError> {
        let mut link = match self.link.take() {
            Some(link) => link,
            None => Link::open(&self.database).await?,
        };
        let mut end = roots::end(&mut link, &self.node, series.month).await?;
        if end > series.last {
            return Err(StoreError::Evidence(format!(
                "la serie del nodo {} per {} finisce al posto {}, ma le radici ne coprono {end}: mancano scambi",
                series.node, series.month, series.last
            )));
        }
        while end < series.last {
            let run = places::after(reader, &self.node, series.month, end, ENOUGH).await?;
            let first = run.first;
            let Some(tree) = Tree::of(run.leaves) else {
                return Err(StoreError::Evidence(format!(
                    "alla serie del nodo {} per {} manca il posto {}",
                    series.node,
                    series.month,
                    end + 1
                )));
            };
            roots::put(&mut link, &self.node, series.month, first, &tree).await?;
            self.seals.root_was_made();
            end += tree.size();
        }
        self.link = Some(link);
        Ok(())
    }

    async fn close(self) {
        if let Some(link) = self.link
            && let Err(error) = link.close().await
        {
            tracing::warn!(%error, "la base dati delle radici non si è chiusa in ordine");
        }
        if let Some(reader) = self.reader
            && let Err(error) = reader.close().await
        {
            tracing::warn!(%error, "la base dati della registrazione non si è chiusa in ordine");
        }
    }
}
