//! Each statement against what the register says. How they compare is written down here, once; a false no would hurt a citizen
//! (DPR 445/2000, article 76): whatever may be true is not denied.

use chrono::NaiveDate;

use crate::contract::dichiarazioni::{
    ComponenteDichiarato, Dichiarazioni, EsitiVerifica, EsitoDichiarazione, MotivoNonVerificabile,
    ResidenzaDichiarata,
};
use crate::contract::luogo::CodiceIstat;
use crate::contract::persona::{Cittadinanza, Codificato, Persona, Residenza, StatoAnagrafico};

use super::address::{self, Address};
use super::place;
use super::words::{self, Likeness};

const YES: EsitoDichiarazione = EsitoDichiarazione::CONFERMATA;
const NO: EsitoDichiarazione = EsitoDichiarazione::NON_CONFERMATA;
const NOT_KNOWN: EsitoDichiarazione =
    EsitoDichiarazione::non_verificabile(MotivoNonVerificabile::DatoNonDisponibile);
const UNSURE: EsitoDichiarazione =
    EsitoDichiarazione::non_verificabile(MotivoNonVerificabile::NonConfrontabile);
const NOT_THEIRS_TO_SAY: EsitoDichiarazione =
    EsitoDichiarazione::non_verificabile(MotivoNonVerificabile::PosizioneNonRisolutiva);

/// Codes of ANPR's tables that say nothing: civil state, relation.
const STATO_CIVILE_IGNOTO: &str = "9";
const RELAZIONE_IGNOTA: &str = "99";

const ITALY: &str = "ITA";

/// Compares what was declared with the person's record and with their family, where these were to be had.
pub(super) fn compare(
    declared: &Dichiarazioni,
    person: &Persona,
    family: Option<&[Persona]>,
    ente: &CodiceIstat,
) -> EsitiVerifica {
    let exact = |same: bool| if same { YES } else { NO };
    let names = |declared: &String, known: &Option<String>| {
        let compared = known.as_ref().map(|known| words::names(declared, known));
        compared.map_or(NOT_KNOWN, told)
    };
    EsitiVerifica {
        cognome: declared
            .cognome
            .as_ref()
            .map(|name| names(name, &person.cognome)),
        nome: declared.nome.as_ref().map(|name| names(name, &person.nome)),
        sesso: declared.sesso.map(|sesso| {
            let known = person.sesso.map(|known| exact(known == sesso));
            known.unwrap_or(NOT_KNOWN)
        }),
        data_nascita: declared.data_nascita.map(|day| {
            let known: Option<NaiveDate> = person.data_nascita;
            known.map_or(NOT_KNOWN, |known| exact(known == day))
        }),
        luogo_nascita: declared.luogo_nascita.as_ref().map(|place| {
            let known = person.luogo_nascita.as_ref();
            known.map_or(NOT_KNOWN, |known| told(place::places(place, known)))
        }),
        stato_anagrafico: declared
            .stato_anagrafico
            .map(|stato| standing(stato, person.stato_anagrafico)),
        in_vita: declared.in_vita.map(|alive| living(alive, person)),
        residenza: declared
            .residenza
            .as_ref()
            .map(|residenza| living_there(residenza, person, ente)),
        cittadinanza: declared
            .cittadinanza
            .as_ref()
            .map(|code| citizenship(code, person.cittadinanza.as_ref())),
        stato_civile: declared
            .stato_civile
            .as_ref()
            .map(|code| coded(code, person.stato_civile.as_ref(), STATO_CIVILE_IGNOTO)),
        componenti: declared
            .componenti
            .iter()
            .map(|member| family.map_or(NOT_KNOWN, |family| belonging(member, family)))
            .collect(),
    }
}

fn told(likeness: Likeness) -> EsitoDichiarazione {
    match likeness {
        Likeness::Same => YES,
        Likeness::Unsure => UNSURE,
        Likeness::Different => NO,
    }
}

/// How somebody stands. Whoever left may be told as emigrated, as enrolled abroad or merely as not resident.
fn standing(declared: StatoAnagrafico, known: Option<StatoAnagrafico>) -> EsitoDichiarazione {
    let gone = |stato| {
        matches!(
            stato,
            StatoAnagrafico::Emigrato | StatoAnagrafico::Aire | StatoAnagrafico::NonResidente
        )
    };
    match known {
        None | Some(StatoAnagrafico::NonDichiarato) => NOT_KNOWN,
        Some(known) if known == declared => YES,
        Some(known) if gone(known) && gone(declared) => UNSURE,
        Some(_) => NO,
    }
}

/// Whether somebody is alive: only of those whom it keeps in its register can an ente say that they are.
fn living(declared: bool, person: &Persona) -> EsitoDichiarazione {
    let dead =
        person.data_decesso.is_some() || person.stato_anagrafico == Some(StatoAnagrafico::Deceduto);
    match person.stato_anagrafico {
        _ if dead && declared => NO,
        _ if dead => YES,
        Some(StatoAnagrafico::Residente | StatoAnagrafico::Aire) if declared => YES,
        Some(StatoAnagrafico::Residente | StatoAnagrafico::Aire) => NO,
        None | Some(StatoAnagrafico::NonDichiarato) => NOT_KNOWN,
        Some(_) => NOT_THEIRS_TO_SAY,
    }
}

/// Whether somebody lives there. That they are resident in it an ente says of itself; of where else somebody lives, another one does.
fn living_there(
    declared: &ResidenzaDichiarata,
    person: &Persona,
    ente: &CodiceIstat,
) -> EsitoDichiarazione {
    let known = person.residenza.as_ref();
    let comune = known.and_then(|residenza| residenza.comune.as_ref()?.codice_istat.as_deref());
    let comune = match person.stato_anagrafico {
        Some(StatoAnagrafico::Residente) => comune.or(Some(ente.as_str())),
        None | Some(StatoAnagrafico::NonDichiarato) => comune,
        Some(StatoAnagrafico::Deceduto | StatoAnagrafico::Irreperibile) => {
            return NOT_THEIRS_TO_SAY;
        }
        Some(_) => {
            return match place::comuni(&declared.comune, ente.as_str()) {
                Likeness::Same => NO,
                _ => NOT_THEIRS_TO_SAY,
            };
        }
    };
    let Some(comune) = comune else {
        return NOT_KNOWN;
    };
    let address = Address {
        street: declared.indirizzo.as_deref(),
        number: declared.numero_civico.as_deref(),
    };
    let is_declared = address.street.or(address.number).is_some();
    match place::comuni(&declared.comune, comune) {
        Likeness::Same if is_declared => {
            known.map_or(NOT_KNOWN, |known| at_address(&address, known))
        }
        likeness => told(likeness),
    }
}

fn at_address(declared: &Address<'_>, known: &Residenza) -> EsitoDichiarazione {
    let known = Address {
        street: known.indirizzo.as_deref(),
        number: known.numero_civico.as_deref(),
    };
    if known.street.or(known.number).is_none() {
        return NOT_KNOWN;
    }
    told(address::addresses(declared, &known))
}

/// A citizenship: registers keep one of several, and keep the Italian one of those who have it.
fn citizenship(declared: &str, known: Option<&Cittadinanza>) -> EsitoDichiarazione {
    let Some(known) = known else {
        return NOT_KNOWN;
    };
    match known.codice_stato.as_deref() {
        Some(code) if code == declared => YES,
        Some(_) if declared == ITALY => NO,
        _ => UNSURE,
    }
}

fn coded(declared: &str, known: Option<&Codificato>, says_nothing: &str) -> EsitoDichiarazione {
    // Products write a code with or without a leading zero.
    let plain = |code: &str| code.trim_start_matches('0').to_owned();
    match known.map(|known| plain(&known.codice)) {
        None => NOT_KNOWN,
        Some(known) if known == plain(declared) => YES,
        Some(known) if known == says_nothing || known.parse::<u8>().is_err() => UNSURE,
        Some(_) => NO,
    }
}

/// Whether somebody belongs to the family. A member without a code, or with the same but for omocodia, may be the one declared; one who
/// died may not have left the family's sheet yet.
fn belonging(declared: &ComponenteDichiarato, family: &[Persona]) -> EsitoDichiarazione {
    let code = &declared.codice_fiscale;
    let is_them = |member: &&Persona| member.codice_fiscale.as_deref() == Some(code.as_str());
    let Some(member) = family.iter().find(is_them) else {
        let may_be_them = family.iter().any(|member| {
            let known = member.codice_fiscale.as_deref();
            known.is_none_or(|known| code.differs_by_omocodia(known))
        });
        return if may_be_them { UNSURE } else { NO };
    };
    let dead =
        member.data_decesso.is_some() || member.stato_anagrafico == Some(StatoAnagrafico::Deceduto);
    match &declared.relazione_parentela {
        _ if dead => UNSURE,
        Some(relation) => coded(
            relation,
            member.relazione_parentela.as_ref(),
            RELAZIONE_IGNOTA,
        ),
        None => YES,
    }
}

#[cfg(test)]
#[path = "comparing_tests.rs"]
mod tests;
