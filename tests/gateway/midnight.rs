//! Daily quotas on a gateway that runs across midnight in Rome, where days are not those of UTC and two a year are odd.

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveTime, TimeZone, Utc, Weekday};
use chrono_tz::Europe::Rome;

use crate::harness::clock;
use crate::harness::province::Province;

const PERSON: (&str, &str) = ("013041", "BNCNNA75T71B639E");

fn province() -> Province {
    Province::with_clock(|files| {
        let quota = "fresh = true\ndaily_quota = 2";
        files.replace("concessioni/tutto.toml", "fresh = true", quota);
    })
}

async fn statuses<const TIMES: usize>(province: &Province, at: DateTime<Utc>) -> [u16; TIMES] {
    clock::set(province.folder(), at);
    let portal = province.portal("portale-uno");
    let mut statuses = [0; TIMES];
    for status in &mut statuses {
        *status = portal.persona(PERSON.0, PERSON.1).await.status;
    }
    statuses
}

/// When the day begins in Rome.
fn begins(day: NaiveDate) -> DateTime<Utc> {
    let midnight = Rome.from_local_datetime(&day.and_time(NaiveTime::MIN));
    midnight
        .single()
        .expect("clocks turn at two or three")
        .to_utc()
}

#[tokio::test]
async fn the_first_day_of_a_month_in_rome_is_one_day_on_record_in_two_months() {
    let mut province = province();
    let today = Utc::now().date_naive();
    let first = today.with_day(1).expect("a first day") + chrono::Months::new(1);
    let midnight = begins(first);
    let turn = first.and_time(NaiveTime::MIN).and_utc();
    let minutes = Duration::minutes;
    assert_eq!(
        statuses(&province, midnight - minutes(10)).await,
        [200, 200, 429]
    );
    assert_eq!(
        statuses(&province, midnight + minutes(1)).await,
        [200],
        "another day, the same month of UTC"
    );
    assert_eq!(
        statuses(&province, turn + minutes(1)).await,
        [200, 429],
        "the same day, another month of UTC"
    );
    let files = std::fs::read_dir(province.path("record"))
        .expect("the record")
        .flatten();
    let months = files.filter(|file| file.path().extension().is_some_and(|kind| kind == "sqlite"));
    assert!(months.count() >= 2);
    province.crash_and_restart();
    assert_eq!(
        statuses(&province, turn + minutes(5)).await,
        [429],
        "read from both months"
    );
    assert_eq!(
        statuses(&province, begins(first + Duration::days(1)) + minutes(1)).await,
        [200, 200, 429]
    );
}

#[tokio::test]
async fn the_days_on_which_clocks_are_set_are_one_day_each() {
    let province = province();
    let mut days = [3, 10].map(next_change);
    days.sort_unstable();
    for day in days {
        let (midnight, end) = (begins(day), begins(day + Duration::days(1)));
        assert_ne!(end - midnight, Duration::hours(24), "{day}");
        let second = Duration::seconds(5);
        assert_eq!(statuses(&province, midnight + second).await, [200], "{day}");
        assert_eq!(
            statuses(&province, end - Duration::minutes(2)).await,
            [200, 429],
            "{day}"
        );
        assert_eq!(statuses(&province, end + second).await, [200], "{day}");
    }
}

/// The next last Sunday of that month.
fn next_change(month: u32) -> NaiveDate {
    let today = Utc::now().date_naive();
    let last_sunday = |year| {
        let last =
            NaiveDate::from_ymd_opt(year, month, 31).expect("March and October have 31 days");
        last.week(Weekday::Sun).first_day()
    };
    let this_year = last_sunday(today.year());
    if this_year > today + Duration::days(1) {
        this_year
    } else {
        last_sunday(today.year() + 1)
    }
}
