//! The three municipalities, the places where people are born and the foreign states, with their public codes.

/// A municipality as a place of birth. Codes change: the same name may stand for two places in time.
#[derive(Debug, PartialEq)]
pub struct Comune {
    pub name: &'static str,
    /// Six digits.
    pub istat: &'static str,
    pub belfiore: &'static str,
    pub province: &'static str,
}

/// A foreign state.
#[derive(Debug, PartialEq)]
pub struct State {
    pub name: &'static str,
    /// Three digits.
    pub istat: &'static str,
    pub belfiore: &'static str,
    pub citizenship: &'static str,
}

/// One of the three municipalities whose systems are simulated.
#[derive(Debug, PartialEq)]
pub struct Ente {
    pub place: &'static Comune,
    /// First digit of its numbers: 1, 2, 3.
    pub digit: u32,
    pub cap: &'static str,
    /// Prefix and name; the position plus one is the street's code.
    pub streets: &'static [(&'static str, &'static str)],
    pub hamlet: &'static str,
}

impl Ente {
    pub fn belfiore(&self) -> &'static str {
        self.place.belfiore
    }

    /// The municipality with this Belfiore code.
    pub fn find(belfiore: &str) -> Option<&'static Ente> {
        ENTI.iter().find(|ente| ente.belfiore() == belfiore)
    }
}

const fn comune(
    name: &'static str,
    istat: &'static str,
    belfiore: &'static str,
    province: &'static str,
) -> Comune {
    Comune {
        name,
        istat,
        belfiore,
        province,
    }
}

pub static COMO: Comune = comune("COMO", "013075", "C933", "CO");
pub static CANTU: Comune = comune("CANTU'", "013041", "B639", "CO");
pub static ERBA: Comune = comune("ERBA", "013095", "D416", "CO");
/// Ended on 2014-02-03.
pub static BELLAGIO_OLD: Comune = comune("BELLAGIO", "013019", "A744", "CO");
/// Same name, since 2014-02-04.
pub static BELLAGIO_NEW: Comune = comune("BELLAGIO", "013250", "M335", "CO");
/// Ended on 2018-12-31, now part of Solbiate con Cagno.
pub static SOLBIATE: Comune = comune("SOLBIATE", "013215", "I792", "CO");
pub static MILANO: Comune = comune("MILANO", "015146", "F205", "MI");

/// Where people from elsewhere in Italy were born or went.
pub static ELSEWHERE: [&Comune; 5] = [
    &MILANO,
    &comune("ROMA", "058091", "H501", "RM"),
    &comune("NAPOLI", "063049", "F839", "NA"),
    &comune("VARESE", "012133", "L682", "VA"),
    &comune("SONDRIO", "014061", "I829", "SO"),
];

const fn state(
    name: &'static str,
    istat: &'static str,
    belfiore: &'static str,
    citizenship: &'static str,
) -> State {
    State {
        name,
        istat,
        belfiore,
        citizenship,
    }
}

pub static ITALY: State = state("ITALIA", "100", "", "ITALIANA");
pub static SWITZERLAND: State = state("SVIZZERA", "241", "Z133", "SVIZZERA");
/// State and a town in it.
pub static ABROAD: [(&State, &str); 5] = [
    (&SWITZERLAND, "LUGANO"),
    (&state("ROMANIA", "235", "Z129", "RUMENA"), "CLUJ-NAPOCA"),
    (&state("ALBANIA", "201", "Z100", "ALBANESE"), "TIRANA"),
    (&state("UCRAINA", "243", "Z138", "UCRAINA"), "LEOPOLI"),
    (&state("MAROCCO", "436", "Z330", "MAROCCHINA"), "FES"),
];

/// Street that was renamed: this is its new name, kept as the last of every list.
pub const RENAMED_STREET_NOW: (&str, &str) = ("VIA", "DELLA CONCORDIA");
/// What the tax office still calls it.
pub const RENAMED_STREET_BEFORE: (&str, &str) = ("VIA", "DEL LITTORIO");

pub static ENTI: [Ente; 3] = [
    Ente {
        place: &COMO,
        digit: 1,
        cap: "22100",
        streets: &[
            ("VIA", "VITTORIO EMANUELE II"),
            ("VIA", "DEI SEGNAPOSTO"),
            ("VIALE", "DELLE IPOTESI"),
            ("PIAZZA", "DELLE BOZZE"),
            ("VIA", "SANT'ESEMPIO"),
            ("SALITA", "DEI MODELLI"),
            RENAMED_STREET_NOW,
        ],
        hamlet: "CAMERLATA",
    },
    Ente {
        place: &CANTU,
        digit: 2,
        cap: "22063",
        streets: &[
            ("PIAZZA", "DEI CAMPIONI"),
            ("VIA", "DEI COLLAUDI"),
            ("VIA", "DELLA LIBERTÀ PROVATA"),
            ("CORSO", "DEI PROTOTIPI"),
            ("VIA", "SANT'ESEMPIO"),
            ("VICOLO", "DELLE VERIFICHE"),
            RENAMED_STREET_NOW,
        ],
        hamlet: "VIGHIZZOLO",
    },
    Ente {
        place: &ERBA,
        digit: 3,
        cap: "22036",
        streets: &[
            ("VIA", "DELLE PROVE"),
            ("VIA", "DEI MANICHINI"),
            ("LARGO", "DEGLI ABBOZZI"),
            ("VIA", "SANT'ESEMPIO"),
            ("VIALE", "DELLE FINZIONI"),
            ("VIA", "DEGLI SCHIZZI"),
            RENAMED_STREET_NOW,
        ],
        hamlet: "ARCELLASCO",
    },
];
