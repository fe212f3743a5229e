//! What must not take the place of a good night copy.

use pontile::connectors::error::Kind;
use pontile::connectors::files::report::Outcome::{GiaVisto, InVigore, Incompleto, RigheSparite};

use crate::house::House;

const ROSSI: &str = "RSSMRA80A01C933H";

// 12. Truncated/rolled-back snapshot refused.
#[tokio::test]
async fn c12_truncated_or_rolled_back_snapshot_is_refused_and_the_last_good_one_answers() {
    let mut house = House::of("tracciato-anagrafe");
    house.deliver(house.day(4), &[]);
    assert_eq!(house.look().await, [InVigore]);
    // A file that is a fifth shorter.
    house.deliver(house.day(3), &["shrunk_by_20_percent"]);
    assert_eq!(house.look().await, [RigheSparite]);
    assert_eq!(
        house.persona(ROSSI).await.unwrap().data_riferimento,
        house.day(4)
    );
    // A file whose transfer broke off within a line.
    house.deliver(house.day(2), &["half_written"]);
    assert_eq!(house.look().await, [Incompleto]);
    // The next night is whole, with other rows, and is taken.
    house.deliver(house.day(2), &[]);
    house.change(
        &format!("ANA_PER_A153_{}", house.day(2).format("%Y%m%d")),
        |text| {
            text.lines()
                .skip(1)
                .map(|line| format!("{line}\n"))
                .collect()
        },
    );
    assert_eq!(house.look().await, [InVigore]);
    assert_eq!(
        house
            .persona(ROSSI)
            .await
            .map(|_| ())
            .map_err(|error| error.kind),
        Err(Kind::NotFound)
    );
    // The night after comes with what was delivered three days before.
    house.deliver(house.day(1), &[]);
    assert_eq!(house.look().await, [GiaVisto]);
    let copy = house.shelf.copy(&house.post().place()).unwrap().unwrap();
    assert_eq!(copy.about().date, house.day(2));
    // And no older file ever takes the place of a newer one.
    for entry in std::fs::read_dir(house.drop_folder()).unwrap().flatten() {
        if !entry
            .file_name()
            .to_string_lossy()
            .contains(&house.day(4).format("%Y%m%d").to_string())
        {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    assert!(house.look().await.is_empty());
}
