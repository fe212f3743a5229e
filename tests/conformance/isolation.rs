//! One dead town among eighty.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::join_all;
use serde_json::json;

use crate::harness::files::Files;
use crate::harness::province::Province;

/// The towns beside those that every province of the tests has.
fn towns() -> Vec<(String, String)> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/simulators/data/comuni-provincia-como.csv"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let all = text.lines().map(|line| {
        let mut fields = line.split(';').map(str::to_owned);
        (fields.next().unwrap(), fields.next().unwrap())
    });
    all.filter(|(_, belfiore)| !["C933", "B639", "D416", "A143"].contains(&belfiore.as_str()))
        .take(80)
        .collect()
}

/// The resident whom the simulators lend to a town.
fn resident(belfiore: &str) -> &'static str {
    let number: u32 = belfiore[1..].parse().unwrap();
    ["RSSMRA80A01C933H", "BNCNNA75T71B639E", "FOXLAX01B28D416I"][(number % 3) as usize]
}

fn eighty_towns(files: &mut Files) {
    let (mut enti, mut instances) = (String::new(), String::new());
    let address = files.back_ends.d1.clone();
    for (istat, belfiore) in towns() {
        let small = belfiore.to_lowercase();
        write!(
            enti,
            "[[ente]]\ncodice_istat = \"{istat}\"\ncodice_belfiore = \"{belfiore}\"\ncodice_ipa = \"c_{small}\"\ndenominazione = \"Comune {belfiore}\"\n\
             servizi.anagrafe.instance = \"comune-{small}\"\n\n"
        )
        .unwrap();
        write!(
            instances,
            "[[instance]]\nname = \"comune-{small}\"\nadapter = \"civilia-soap\"\naddress = \"{address}\"\nvalues = {{ utente = \"gw\" }}\n\
             secrets = {{ password = {{ file = \"../segreti/unione\" }} }}\nbounds = {{ connect_deadline = \"900ms\", answer_deadline = \"1s\", concurrency = 4, waiting = 4, breaker_failures = 3 }}\n\n"
        )
        .unwrap();
    }
    files
        .put("enti/ottanta.toml", enti)
        .put("istanze/ottanta.toml", instances)
        .put("segreti/unione", "d1-prova-unione".to_owned());
}

#[tokio::test]
async fn c19_one_dead_town_does_not_slow_the_seventy_nine_others() {
    let province = Province::with(eighty_towns);
    let portal = &province.portal("portale-uno");
    let towns = towns();
    let ((dead_istat, dead), others) = towns.split_first().unwrap();
    assert_eq!(others.len(), 79);
    province
        .simulators
        .fault(json!({ "dialect": "d1", "ente": dead, "fault": "hang" }))
        .await;
    let hanging = async {
        let mut last = 0;
        for _ in 0..4 {
            let asked = (0..8).map(|_| portal.persona(dead_istat, resident(dead)));
            for answer in join_all(asked).await {
                assert!([503, 504].contains(&answer.status), "{}", answer.body);
                last = answer.status;
            }
        }
        last
    };
    let neighbours = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let asked = others.iter().map(|(istat, belfiore)| async move {
            let began = Instant::now();
            let answer = portal.persona(istat, resident(belfiore)).await;
            (belfiore, answer.status, began.elapsed())
        });
        let answers: Vec<_> = futures_util::stream::iter(asked)
            .buffer_unordered(8)
            .collect()
            .await;
        answers
    };
    let (last, answers) = tokio::join!(hanging, neighbours);
    assert_eq!(last, 503, "the breaker answers for the dead one");
    for (belfiore, status, elapsed) in answers {
        assert_eq!(status, 200, "{belfiore}");
        assert!(
            elapsed < Duration::from_millis(900),
            "{belfiore}: {elapsed:?}"
        );
    }
    let operator = province.operator("operatore-uno");
    let request = operator.request(reqwest::Method::GET, "/metrics");
    let page = request.send().await.unwrap().text().await.unwrap();
    let open: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("pontile_breaker_state") && !line.ends_with(" 0"))
        .collect();
    let dead = format!("comune-{}", dead.to_lowercase());
    assert!(open.len() == 1 && open[0].contains(&dead), "{open:?}");
}
