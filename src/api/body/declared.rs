//! What somebody declared, value by value: each read strictly, as the contract writes it.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::statements::{
    CittadinanzaDaVerificare, CodiceDaVerificare, ComponenteDaVerificare, DichiarazioniSostitutive,
    LuogoDaVerificare, ResidenzaDaVerificare, StatoDichiarato, VerificaDichiarazioni,
};
use super::values::{day, fiscal_code_in, text};
use super::wrong;
use crate::broker::error::Malformed;
use crate::contract::codice_fiscale::CodiceFiscale;
use crate::contract::dichiarazioni::{
    COMPONENTI_MASSIMI, ComponenteDichiarato, Dichiarazioni, LuogoDichiarato, ResidenzaDichiarata,
};
use crate::contract::luogo::CodiceIstat;
use crate::contract::persona::StatoAnagrafico;
use crate::contract::question::Parameters;

/// What is declared of whom.
pub(super) fn declared(asked: VerificaDichiarazioni) -> Result<Parameters, Malformed> {
    let code = asked.codice_fiscale;
    let codice_fiscale = fiscal_code_in("codice_fiscale", code.as_ref())?;
    let declared = asked
        .dichiarazioni
        .ok_or_else(|| wrong("dichiarazioni", "è obbligatorio"))?;
    let dichiarazioni = statements(declared, &codice_fiscale)?;
    if dichiarazioni.kinds().is_empty() {
        return Err(wrong("dichiarazioni", "ne serve almeno una"));
    }
    Ok(Parameters::Dichiarazioni {
        codice_fiscale,
        dichiarazioni: Box::new(dichiarazioni),
    })
}

fn statements(
    asked: DichiarazioniSostitutive,
    person: &CodiceFiscale,
) -> Result<Dichiarazioni, Malformed> {
    let data_nascita = asked.data_nascita;
    Ok(Dichiarazioni {
        cognome: read(asked.cognome, |value| written("cognome", value, 200))?,
        nome: read(asked.nome, |value| written("nome", value, 200))?,
        sesso: read(asked.sesso, |value| word("sesso", value, "è F o M"))?,
        data_nascita: read(data_nascita, |value| {
            day("data_nascita", Some(value.clone()))
        })?,
        luogo_nascita: asked.luogo_nascita.map(place).transpose()?,
        stato_anagrafico: read(asked.stato_anagrafico, standing)?,
        in_vita: read(asked.in_vita, |value| {
            let truth = value.as_bool();
            truth.ok_or_else(|| wrong("in_vita", "è true o false"))
        })?,
        residenza: asked.residenza.map(residence).transpose()?,
        cittadinanza: asked.cittadinanza.map(citizenship).transpose()?,
        stato_civile: asked
            .stato_civile
            .map(|code| coded("stato_civile.codice", code))
            .transpose()?,
        componenti: match asked.componenti {
            Some(members) => family(members, person)?,
            None => Vec::new(),
        },
    })
}

fn read<T>(
    value: Option<Value>,
    as_a: impl FnOnce(&Value) -> Result<T, Malformed>,
) -> Result<Option<T>, Malformed> {
    value.as_ref().map(as_a).transpose()
}

/// A text that says something.
fn written(field: &str, value: &Value, longest: usize) -> Result<String, Malformed> {
    let text = text(field, value)?;
    let fits = (1..=longest).contains(&text.chars().count());
    let says_something = text.chars().any(|letter| letter > ' ' && letter != '\x7f');
    let is_clean = !text.chars().any(|letter| letter < ' ' || letter == '\x7f');
    if fits && says_something && is_clean {
        return Ok(text.to_owned());
    }
    let reason = format!("ha da 1 a {longest} caratteri, non solo spazi e nessuno di controllo");
    Err(wrong(field, &reason))
}

fn word<T: for<'de> Deserialize<'de>>(
    field: &str,
    value: &Value,
    reason: &str,
) -> Result<T, Malformed> {
    T::deserialize(value).map_err(|_| wrong(field, reason))
}

fn standing(value: &Value) -> Result<StatoAnagrafico, Malformed> {
    let reason = "è residente, aire, emigrato, deceduto, irreperibile o non_residente";
    let stato: StatoDichiarato = word("stato_anagrafico", value, reason)?;
    Ok(match stato {
        StatoDichiarato::Residente => StatoAnagrafico::Residente,
        StatoDichiarato::Aire => StatoAnagrafico::Aire,
        StatoDichiarato::Emigrato => StatoAnagrafico::Emigrato,
        StatoDichiarato::Deceduto => StatoAnagrafico::Deceduto,
        StatoDichiarato::Irreperibile => StatoAnagrafico::Irreperibile,
        StatoDichiarato::NonResidente => StatoAnagrafico::NonResidente,
    })
}

fn place(asked: LuogoDaVerificare) -> Result<LuogoDichiarato, Malformed> {
    match (asked.codice_istat, asked.codice_belfiore) {
        (Some(code), None) => {
            istat("luogo_nascita.codice_istat", Some(&code)).map(LuogoDichiarato::Istat)
        }
        (None, Some(code)) => {
            let field = "luogo_nascita.codice_belfiore";
            let text = text(field, &code)?;
            let (letter, digits) = (
                text.get(..1).unwrap_or_default(),
                text.get(1..).unwrap_or_default(),
            );
            let is_code = digits.len() == 3
                && digits.bytes().all(|byte| byte.is_ascii_digit())
                && letter.bytes().all(|byte| byte.is_ascii_uppercase());
            match is_code {
                true => Ok(LuogoDichiarato::Belfiore(text.to_owned())),
                false => Err(wrong(field, "è una lettera maiuscola e tre cifre")),
            }
        }
        _ => Err(wrong(
            "luogo_nascita",
            "ha codice_istat oppure codice_belfiore",
        )),
    }
}

fn residence(asked: ResidenzaDaVerificare) -> Result<ResidenzaDichiarata, Malformed> {
    let comune = asked.comune.and_then(|comune| comune.codice_istat);
    let comune = istat("residenza.comune.codice_istat", comune.as_ref())?;
    let indirizzo = read(asked.indirizzo, |value| {
        written("residenza.indirizzo", value, 300)
    })?;
    let numero_civico = read(asked.numero_civico, |value| {
        written("residenza.numero_civico", value, 20)
    })?;
    Ok(ResidenzaDichiarata {
        comune,
        indirizzo,
        numero_civico,
    })
}

fn citizenship(asked: CittadinanzaDaVerificare) -> Result<String, Malformed> {
    let field = "cittadinanza.codice_stato";
    let value = asked
        .codice_stato
        .ok_or_else(|| wrong(field, "è obbligatorio"))?;
    let code = text(field, &value)?;
    match code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        true => Ok(code.to_owned()),
        false => Err(wrong(field, "ha tre lettere maiuscole (ISO 3166-1)")),
    }
}

fn coded(field: &str, asked: CodiceDaVerificare) -> Result<String, Malformed> {
    let value = asked.codice.ok_or_else(|| wrong(field, "è obbligatorio"))?;
    let code = text(field, &value)?;
    let is_code = (1..=2).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_digit())
        && !code.starts_with('0');
    match is_code {
        true => Ok(code.to_owned()),
        false => Err(wrong(field, "è un codice della tabella ANPR, da 1 a 99")),
    }
}

fn family(
    asked: Vec<ComponenteDaVerificare>,
    person: &CodiceFiscale,
) -> Result<Vec<ComponenteDichiarato>, Malformed> {
    let count = asked.len();
    let members = asked.into_iter().map(|member| {
        let code = member.codice_fiscale.as_ref();
        let codice_fiscale = fiscal_code_in("componenti.codice_fiscale", code)?;
        let relation = member.relazione_parentela;
        let relation = relation.map(|code| coded("componenti.relazione_parentela.codice", code));
        Ok(ComponenteDichiarato {
            codice_fiscale,
            relazione_parentela: relation.transpose()?,
        })
    });
    let members = members.collect::<Result<Vec<_>, Malformed>>()?;
    let mut codes: BTreeSet<&CodiceFiscale> = members
        .iter()
        .map(|member| &member.codice_fiscale)
        .collect();
    codes.insert(person);
    // With the person themselves, who is no member to be declared, there is one more.
    if (1..=COMPONENTI_MASSIMI).contains(&count) && codes.len() == count + 1 {
        return Ok(members);
    }
    let reason = format!("sono da 1 a {COMPONENTI_MASSIMI}, diversi fra loro e da chi dichiara");
    Err(wrong("componenti", &reason))
}

fn istat(field: &str, value: Option<&Value>) -> Result<CodiceIstat, Malformed> {
    let value = value.ok_or_else(|| wrong(field, "è obbligatorio"))?;
    CodiceIstat::parse(text(field, value)?).ok_or_else(|| wrong(field, "ha sei cifre"))
}
