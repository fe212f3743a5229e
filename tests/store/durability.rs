//! Nothing is acknowledged before the disk has it, and nothing when the disk fails.

use std::time::Duration;

use pontile::config::units::Span;
use pontile::store::Store;

use crate::child::{Told, Writer, durable, verify};
use crate::harness::postgres::Postgres;
use crate::place::Place;
use crate::synchronization::Synchronization;

/// The child synchronizes the files itself.
struct Stage {
    place: Place,
    synchronization: Synchronization,
}

impl Stage {
    fn all() -> Vec<Stage> {
        let sqlite = Stage {
            place: Place::sqlite(),
            synchronization: Synchronization::new(),
        };
        let synchronization = Synchronization::new();
        let postgres =
            Postgres::start_under(&synchronization.environment(), &[]).map(|postgres| Stage {
                place: Place::of(postgres),
                synchronization,
            });
        std::iter::once(sqlite).chain(postgres).collect()
    }

    async fn writer(&self) -> Writer {
        Store::migrate(&self.place.settings)
            .await
            .expect("migrated");
        let own = self.place.is_sqlite().then_some(&self.synchronization);
        Writer::start(&self.place, own, None)
    }
}

#[tokio::test]
async fn nothing_is_acknowledged_before_a_slow_disk_has_it() {
    for stage in Stage::all() {
        let mut writer = stage.writer().await;
        let quick = writer
            .until("quick exchanges", |told| durable(told) > 100)
            .await;
        let quickest = quick.iter().filter_map(took).min().expect("some");
        assert!(
            quickest < 700,
            "the disk is too slow for this test: {quickest} ms"
        );
        stage.synchronization.order("delay 700");
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let before = writer.told().len();
        let told = writer
            .until("slow exchanges", |told| durable(&told[before..]) > 60)
            .await;
        let quickest = told[before..].iter().filter_map(took).min().expect("some");
        assert!(quickest >= 700, "acknowledged after {quickest} ms");
        stage.synchronization.order("");
        let told = writer.stop().await;
        assert!(verify(&stage.place, &told).await > 160);
    }
}

fn took(told: &Told) -> Option<u128> {
    match told {
        Told::Durable(_, milliseconds) => Some(*milliseconds),
        Told::Failed(..) | Told::Refused => None,
    }
}

#[tokio::test]
async fn a_failing_disk_acknowledges_nothing_until_it_can_be_written_again() {
    for mut stage in Stage::all() {
        let mut writer = stage.writer().await;
        writer.until("exchanges", |told| durable(told) > 100).await;
        stage.synchronization.order("fail");
        writer
            .until("refusals", |told| told.contains(&Told::Refused))
            .await;
        let acknowledged = durable(&writer.told());
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert_eq!(
            durable(&writer.told()),
            acknowledged,
            "acknowledged while the disk failed"
        );
        stage.synchronization.order("");
        if let Some(postgres) = &mut stage.place.postgres {
            // It gave up when it could not write its log.
            postgres.stop();
            postgres.start_again();
        }
        let more = |told: &[Told]| durable(told) > acknowledged + 100;
        writer.until("recovery", more).await;
        let told = writer.stop().await;
        assert!(told.iter().any(|told| matches!(told, Told::Failed(..))));
        assert!(verify(&stage.place, &told).await > acknowledged);
    }
}

#[tokio::test]
async fn what_is_not_durable_within_the_deadline_is_not_answered() {
    for mut stage in Stage::all() {
        stage.place.settings.deadline = Span(Duration::from_millis(400));
        let mut writer = stage.writer().await;
        writer.until("exchanges", |told| durable(told) > 100).await;
        stage.synchronization.order("delay 2500");
        let told = writer
            .until("failures", |told| {
                told.iter().any(|told| matches!(told, Told::Failed(..)))
            })
            .await;
        let slowest = told.iter().filter_map(|told| match told {
            Told::Failed(_, milliseconds) => Some(*milliseconds),
            Told::Durable(..) | Told::Refused => None,
        });
        assert!(
            slowest.max().expect("some") < 2_000,
            "an exchange waited beyond its deadline"
        );
        stage.synchronization.order("");
        let acknowledged = durable(&writer.told());
        writer
            .until("recovery", |told| durable(told) > acknowledged + 100)
            .await;
        let told = writer.stop().await;
        verify(&stage.place, &told).await;
    }
}
