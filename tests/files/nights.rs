//! What becomes of a night's files, and what is answered from them.

use chrono::Utc;
use pontile::connectors::error::Kind;
use pontile::connectors::files::record::Reject;
use pontile::connectors::files::report::Outcome::*;
use pontile::connectors::files::state;
use pontile::contract::posizione::Tributo;
use pontile::contract::provenienza::Fonte;
use serde_json::{Value, json};

use crate::house::{House, shown};

const ROSSI: &str = "RSSMRA80A01C933H";

fn has_case(person: &Value, case: &str) -> bool {
    person["casi"]
        .as_array()
        .unwrap()
        .iter()
        .any(|known| known == case)
}

#[tokio::test]
async fn a_night_is_read_and_asked_with_its_date_and_its_source() {
    let mut house = House::of("tracciato-anagrafe");
    house.deliver(house.day(1), &[]);
    assert_eq!(house.look().await, [InVigore]);
    let answer = house.persona(ROSSI).await.unwrap();
    assert_eq!(answer.fonte, Fonte::CopiaNotturna);
    assert_eq!(answer.data_riferimento, house.day(1));
    assert!(!answer.is_overdue);
    let persona = shown(&answer);
    assert_eq!(persona["cognome"], "ROSSI");
    assert_eq!(persona["nome"], "MARIO");
    assert_eq!(persona["residenza"]["comune"]["codice_belfiore"], "A153");
    assert_eq!(
        persona["residenza"]["indirizzo"],
        "VIA VITTORIO EMANUELE II"
    );
    let family = shown(&house.famiglia(ROSSI).await.unwrap());
    assert!(family.to_string().contains(ROSSI), "{family}");
    let nobody = house.persona("RSSMRA80A01F205X").await.unwrap_err();
    assert_eq!(nobody.kind, Kind::NotFound);
    // Nothing new: nothing is read.
    assert!(house.look().await.is_empty());
    house.restart();
    assert_eq!(shown(&house.persona(ROSSI).await.unwrap()), persona);
}

#[tokio::test]
async fn who_reads_a_copy_that_is_replaced_reads_it_to_the_end() {
    let mut house = House::of("tracciato-anagrafe");
    house.deliver(house.day(1), &[]);
    assert_eq!(house.look().await, [InVigore]);
    let (shelf, place) = (std::sync::Arc::clone(&house.shelf), house.post().place());
    let before = shelf.copy(&place).unwrap().expect("a copy");
    house.deliver(house.today, &[]);
    let today = house.today;
    let reading = async move {
        while shelf.copy(&place).unwrap().expect("a copy").about().date != today {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        // As long as somebody has it, nothing of its file is deleted.
        for _ in 0..5 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            let rows = before.find("persone", "codice_fiscale", ROSSI, 2);
            assert_eq!(rows.unwrap().len(), 1);
        }
        std::sync::Arc::downgrade(&before)
    };
    let (looked, before) = tokio::join!(house.look(), reading);
    assert_eq!(looked, [Confermato]);
    assert_eq!(before.strong_count(), 0);
    house.persona(ROSSI).await.expect("found in the new one");
}

#[tokio::test]
async fn everybody_is_found_and_who_has_left_is_no_resident() {
    let mut house = House::of("tracciato-anagrafe");
    house.deliver(house.today, &[]);
    assert_eq!(house.look().await, [InVigore]);
    let mut found = 0;
    for person in House::people() {
        let Some(code) = person["codice_fiscale"].as_str() else {
            continue;
        };
        let answer = match house.persona(code).await {
            Ok(answer) => shown(&answer),
            Err(error) if error.kind == Kind::NotFound && person["persona"].is_null() => continue,
            Err(error) => panic!("{person}: {error}"),
        };
        found += 1;
        assert_eq!(answer["codice_fiscale"], code.trim().to_uppercase());
        let stato = answer["stato_anagrafico"].as_str().unwrap();
        for (case, expected) in [
            ("deceduto", "deceduto"),
            ("aire", "aire"),
            ("irreperibile", "irreperibile"),
        ] {
            assert!(
                !has_case(&person, case) || stato == expected,
                "{person}: {stato}"
            );
        }
        if stato == "deceduto" || stato == "irreperibile" {
            assert!(answer.get("residenza").is_none(), "{person}: {answer}");
        }
    }
    assert!(found > 100, "only {found}");
}

#[tokio::test]
async fn the_taxes_are_joined_by_their_numbers() {
    let mut house = House::of("tracciato-tributi");
    house.deliver(house.today, &[]);
    assert_eq!(house.look().await, [InVigore]);
    let imu = shown(&house.posizione(ROSSI, Tributo::Imu).await.unwrap());
    assert_eq!(imu["contribuente"]["cognome"], "ROSSI", "{imu}");
    assert!(!imu["immobili"].as_array().unwrap().is_empty(), "{imu}");
    let tari = shown(&house.posizione(ROSSI, Tributo::Tari).await.unwrap());
    let utenza = &tari["utenze"][0];
    assert!(utenza["occupanti"].is_number(), "{tari}");
    let mut companies = 0;
    for person in House::people() {
        let Some(code) = person["partita_iva"].as_str() else {
            continue;
        };
        let answer = shown(&house.posizione(code, Tributo::Tari).await.unwrap());
        assert_eq!(answer["contribuente"]["partita_iva"], code);
        companies += 1;
    }
    assert!(companies < 50);
}

#[tokio::test]
async fn older_layouts_charsets_marks_and_short_lines_are_the_same_night() {
    let mut whole = House::of("tracciato-tributi");
    whole.deliver(whole.today, &[]);
    assert_eq!(whole.look().await, [InVigore]);
    let mut expected = shown(&whole.posizione(ROSSI, Tributo::Tari).await.unwrap());
    for faults in [
        &["cp1252"][..],
        &["bom", "crlf"],
        &["short_lines"],
        &["v3_lines"],
    ] {
        let mut house = House::of("tracciato-tributi");
        house.deliver(house.today, faults);
        assert_eq!(house.look().await, [InVigore], "{faults:?}");
        let answer = shown(&house.posizione(ROSSI, Tributo::Tari).await.unwrap());
        if faults.contains(&"v3_lines") {
            // Version 3 does not have the last field.
            for utenza in expected["utenze"].as_array_mut().unwrap() {
                utenza.as_object_mut().unwrap().remove("occupanti");
            }
        }
        assert_eq!(answer, expected, "{faults:?}");
    }
    for faults in [&["cp1252"][..], &["bom", "crlf", "short_lines"]] {
        let mut house = House::of("tracciato-anagrafe");
        house.deliver(house.today, faults);
        assert_eq!(house.look().await, [InVigore], "{faults:?}");
        let names: Vec<String> = House::people()
            .iter()
            .filter(|person| has_case(person, "accenti") || has_case(person, "accents"))
            .filter_map(|person| person["codice_fiscale"].as_str().map(str::to_owned))
            .collect();
        for code in names {
            let persona = shown(&house.persona(&code).await.unwrap());
            assert!(!persona.to_string().contains('Ã'), "{persona}");
        }
    }
}

#[tokio::test]
async fn an_operator_may_accept_what_was_refused() {
    let mut house = House::of("tracciato-anagrafe");
    house.deliver(house.day(1), &[]);
    assert_eq!(house.look().await, [InVigore]);
    house.deliver(house.today, &["shrunk_by_20_percent"]);
    assert_eq!(house.look().await, [RigheSparite]);
    assert!(house.look().await.is_empty());
    let folder = house.shelf.vault().folder_of(&house.post().place());
    let reports = state::reports(&folder, 10).unwrap();
    assert_eq!(reports[0].esito, RigheSparite);
    state::accept(&folder, &reports[0].impronta).unwrap();
    assert_eq!(house.look().await, [InVigorePerAccettazione]);
    assert!(!state::is_accepted(&folder, &reports[0].impronta));
}

#[tokio::test]
async fn files_that_are_not_whole_are_waited_for() {
    let mut house = House::of("tracciato-anagrafe");
    house.schedule().settle = pontile::config::units::Span(std::time::Duration::from_hours(1));
    house.deliver(house.today, &[]);
    let looked = house.try_look(Utc::now()).await.unwrap();
    assert!(looked.is_waiting && looked.reports.is_empty());
    // With its marker a file is whole however young it is.
    house.deliver_with(house.today, &[], &["--markers"]);
    assert_eq!(house.look().await, [InVigore]);
}

#[tokio::test]
async fn files_that_double_or_come_from_the_future_change_nothing() {
    let mut house = House::of("tracciato-anagrafe");
    house.deliver(house.day(1), &[]);
    assert_eq!(house.look().await, [InVigore]);
    house.deliver(house.day(1), &["doubled"]);
    assert_eq!(house.look().await, [Doppione]);
    house.deliver(house.today, &["tomorrow"]);
    assert_eq!(house.look().await, [DataFutura]);
    // It is told once.
    assert!(house.look().await.is_empty());
    assert_eq!(
        house.persona(ROSSI).await.unwrap().data_riferimento,
        house.day(1)
    );
}

#[tokio::test]
async fn a_night_in_which_nothing_changed_confirms_the_copy_under_its_date() {
    let mut house = House::of("tracciato-tributi");
    house.deliver(house.day(2), &[]);
    assert_eq!(house.look().await, [InVigore]);
    let before = shown(&house.posizione(ROSSI, Tributo::Tari).await.unwrap());
    let stamp = |day: chrono::NaiveDate| day.format("%Y%m%d").to_string();
    for entry in std::fs::read_dir(house.drop_folder()).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        let later = name.replace(&stamp(house.day(2)), &stamp(house.today));
        assert_ne!(name, later);
        std::fs::copy(entry.path(), house.drop_folder().join(later)).unwrap();
    }
    assert_eq!(house.look().await, [Confermato]);
    let answer = house.posizione(ROSSI, Tributo::Tari).await.unwrap();
    assert_eq!(answer.data_riferimento, house.today);
    assert_eq!(shown(&answer), before);
    assert!(house.look().await.is_empty());
    house.restart();
    let answer = house.posizione(ROSSI, Tributo::Tari).await.unwrap();
    assert_eq!(answer.data_riferimento, house.today);
}

#[tokio::test]
async fn no_file_and_no_copy_is_a_failure_and_never_nobody() {
    let mut house = House::of("tracciato-anagrafe");
    house.deliver(house.today, &["missing"]);
    assert!(house.look().await.is_empty());
    let failure = house.persona(ROSSI).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Unavailable, "{failure}");
    // An archive is refused with its reason.
    std::fs::write(
        house
            .drop_folder()
            .join(format!("ANA_PER_A153_{}.txt", house.today.format("%Y%m%d"))),
        b"PK\x03\x04anything",
    )
    .unwrap();
    std::fs::write(
        house
            .drop_folder()
            .join(format!("ANA_VIE_A153_{}.txt", house.today.format("%Y%m%d"))),
        b"00001VIA            PROVA\n",
    )
    .unwrap();
    assert_eq!(house.look().await, [Archivio]);
}

#[tokio::test]
async fn an_old_copy_is_marked_and_a_very_old_one_answers_no_more() {
    let mut house = House::of("tracciato-anagrafe");
    house.deliver(house.day(5), &[]);
    assert_eq!(house.look().await, [InVigore]);
    assert!(house.persona(ROSSI).await.unwrap().is_overdue);
    house.schedule().oldest = pontile::config::units::Span(std::time::Duration::from_hours(96));
    let failure = house.persona(ROSSI).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Unavailable);
}

#[tokio::test]
async fn the_same_person_twice_is_several_with_their_number() {
    let mut house = House::of("tracciato-anagrafe");
    house.deliver(house.today, &[]);
    house.change("ANA_PER", |text| {
        let line = text.lines().find(|line| line.contains(ROSSI)).unwrap();
        let other = line.replacen("ROSSI/MARIO ", "BIANCHI/UGO ", 1).replacen(
            &line[343..353],
            "9999999999",
            1,
        );
        format!("{text}{other}\n")
    });
    assert_eq!(house.look().await, [InVigore]);
    let failure = house.persona(ROSSI).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.candidates),
        (Kind::Ambiguous, Some(2))
    );
}

#[tokio::test]
async fn rejected_lines_are_told_by_number_and_reason_and_too_many_refuse_the_file() {
    let mut house = House::of("tracciato-tributi");
    house.schedule().most_rejected = 50;
    house.deliver(house.today, &[]);
    house.change("TARSU", |text| {
        text.replacen("TRTRIBTARSUSOGG|61001|", "TRTRIBTARSUSOGG||", 1)
            + "TRTRIBALTRO|1|2\nTRTRIBTARSUDICH|1|2\n"
            + "TRTRIBTARSUDICH|1|2|2|X||1|1|1|10,x|01/01/2020||D|VIA|1|||||\n"
            + "TRTRIBTARSUDICH|1|2|2|X||1|1|1|10,0|31/02/2020||D|VIA|1|||||\n"
    });
    let looked = house.try_look(Utc::now()).await.unwrap();
    let report = &looked.reports[0];
    assert_eq!(report.esito, InVigore);
    let reasons: Vec<Reject> = report
        .file
        .iter()
        .flat_map(|file| file.scarti.iter().map(|one| one.motivo))
        .collect();
    for reason in [
        Reject::CampoMancante,
        Reject::TipoRecord,
        Reject::NumeroDiCampi,
        Reject::NumeroNonValido,
        Reject::DataNonValida,
    ] {
        assert_eq!(
            reasons.iter().filter(|one| **one == reason).count(),
            1,
            "{reason:?} in {reasons:?}"
        );
    }
    let first = report
        .file
        .iter()
        .flat_map(|file| &file.scarti)
        .find(|one| one.motivo == Reject::CampoMancante);
    assert_eq!(first.unwrap().riga, 1);
    let told = json!(report).to_string();
    assert!(!told.contains("ROSSI") && !told.contains(ROSSI), "{told}");
    house.schedule().most_rejected = 1;
    house.change("TARSU", |text| text.replacen("20260131021500", "ieri", 10));
    assert_eq!(house.look().await, [TroppiScarti]);
}
