//! The awkward cases that every municipality of the population contains, and the people that documentation quotes.

mod households;
mod positions;
mod registrations;

use super::town::Town;

/// Why a person is interesting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Case {
    Noto,
    Omonimo,
    Omocodia,
    CfMancante,
    CfMinuscolo,
    CfConSpazi,
    NatoEstero,
    NatoComuneCessato,
    NatoComuneRicreato,
    MatrimonioOggi,
    Aire,
    Deceduto,
    Emigrato,
    RientratoInGiornata,
    Reiscritto,
    Irreperibile,
    Interdetto,
    PraticaAperta,
    Convivenza,
    GenitoriSeparati,
    Accenti,
    CivicoConLettera,
    SenzaCivico,
    Frazione,
    ViaRinominata,
    TariZeroMq,
    ImuUnTerzo,
    Societa,
    IgnotoAllAnagrafe,
    DoppiaPosizione,
}

impl Case {
    /// Every case with the key of the command line and its meaning.
    #[rustfmt::skip]
    pub const ALL: [(Case, &'static str, &'static str); 30] = [
        (Case::Noto, "noto", "ordinary resident with a family, IMU and TARI, quoted by the documentation"),
        (Case::Omonimo, "omonimo", "same surname and name as somebody else, born on another day"),
        (Case::Omocodia, "omocodia", "same names, day and place as the quoted person: the code has a letter for a digit"),
        (Case::CfMancante, "cf_mancante", "no fiscal code in the register"),
        (Case::CfMinuscolo, "cf_minuscolo", "the register keeps the code in lower case"),
        (Case::CfConSpazi, "cf_con_spazi", "the register keeps the code followed by blanks"),
        (Case::NatoEstero, "nato_estero", "foreigner born abroad: three-digit state code, Belfiore Z"),
        (Case::NatoComuneCessato, "nato_comune_cessato", "born in a municipality that has ended (old Bellagio A744, Solbiate I792)"),
        (Case::NatoComuneRicreato, "nato_comune_ricreato", "code with the new Bellagio M335: a child born there, and one that is too old for it"),
        (Case::MatrimonioOggi, "matrimonio_oggi", "married today: civil state and family changed this very day"),
        (Case::Aire, "aire", "registered as living abroad"),
        (Case::Deceduto, "deceduto", "died seven days ago"),
        (Case::Emigrato, "emigrato", "moved to another municipality or abroad"),
        (Case::RientratoInGiornata, "rientrato_in_giornata", "left and came back on the same day: resident"),
        (Case::Reiscritto, "reiscritto", "two registrations with the same code: the older one ended"),
        (Case::Irreperibile, "irreperibile", "removed as untraceable"),
        (Case::Interdetto, "interdetto", "interdicted, under guardianship: not certifiable"),
        (Case::PraticaAperta, "pratica_aperta", "an administrative procedure is open"),
        (Case::Convivenza, "convivenza", "one of the twelve members of a convent"),
        (Case::GenitoriSeparati, "genitori_separati", "minor living with the mother, the father elsewhere"),
        (Case::Accenti, "accenti", "CANTÙ and CANTU', D'ANGELO, NICCOLÒ"),
        (Case::CivicoConLettera, "civico_con_lettera", "house number 97/A"),
        (Case::SenzaCivico, "senza_civico", "address without a number (SNC)"),
        (Case::Frazione, "frazione", "lives in a hamlet"),
        (Case::ViaRinominata, "via_rinominata", "the street was renamed; the tax office keeps the old name"),
        (Case::TariZeroMq, "tari_zero_mq", "TARI utility of zero square metres"),
        (Case::ImuUnTerzo, "imu_un_terzo", "owns 33.3 % of a property with two siblings"),
        (Case::Societa, "societa", "company with a VAT number of eleven digits"),
        (Case::IgnotoAllAnagrafe, "ignoto_all_anagrafe", "taxpayer who is not in the register"),
        (Case::DoppiaPosizione, "doppia_posizione", "two tax ids for one fiscal code"),
    ];

    pub fn key(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    pub fn find(key: &str) -> Option<Case> {
        Self::ALL
            .iter()
            .find(|(_, known, _)| *known == key)
            .map(|(case, ..)| *case)
    }
}

/// Registers the quoted family first, then every case.
pub fn settle(town: &mut Town) {
    households::quoted_family(town);
    registrations::settle(town);
    households::settle(town);
    positions::settle(town);
}
