//! The catalogue: which enti there are and what each can answer. Nothing personal is in it.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::instants;
use super::operation::Domain;
use super::posizione::Tributo;
use super::provenienza::{Adattatore, Fonte};

/// Rows of a page when the request does not say.
pub const LIMITE_PREDEFINITO: u16 = 50;

/// Rows of a page at most.
pub const LIMITE_MASSIMO: u16 = 200;

/// Una pagina dell'elenco degli enti, in ordine di codice ISTAT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ElencoEnti {
    /// Gli enti della pagina.
    #[schema(max_items = 200)]
    pub items: Vec<EnteInCatalogo>,
    /// Valore da passare nel parametro `cursor` per la pagina seguente; assente nell'ultima.
    #[schema(pattern = "^[0-9]{6}$", max_length = 6, example = "013075")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Un ente collegato al gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnteInCatalogo {
    /// Codice ISTAT del comune (sei cifre).
    #[schema(pattern = "^[0-9]{6}$", max_length = 6, example = "013075")]
    pub codice_istat: String,
    /// Codice catastale (Belfiore) del comune.
    #[schema(pattern = "^[A-Z][0-9]{3}$", max_length = 4, example = "C933")]
    pub codice_belfiore: String,
    /// Codice nell'Indice delle pubbliche amministrazioni (IPA).
    #[schema(max_length = 20, example = "c_c933")]
    pub codice_ipa: String,
    /// Denominazione.
    #[schema(max_length = 200, example = "Como")]
    pub denominazione: String,
    /// Domini in cui l'ente offre almeno un'operazione.
    #[schema(max_items = 10)]
    pub domini: Vec<Domain>,
    /// Comuni soppressi a cui l'ente è succeduto; assente se non ce ne sono.
    #[schema(max_items = 20)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub predecessori: Vec<ComuneSoppresso>,
}

/// Un comune soppresso: una richiesta con il suo codice ha risposta 410.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ComuneSoppresso {
    /// Codice ISTAT che il comune aveva.
    #[schema(pattern = "^[0-9]{6}$", max_length = 6, example = "013199")]
    pub codice_istat: String,
    /// Codice catastale (Belfiore) che il comune aveva.
    #[schema(pattern = "^[A-Z][0-9]{3}$", max_length = 4, example = "H521")]
    pub codice_belfiore: String,
    /// Denominazione che il comune aveva.
    #[schema(max_length = 200, example = "RONAGO")]
    pub denominazione: String,
    /// Giorno da cui al comune è succeduto l'ente.
    #[schema(example = "2024-01-01")]
    #[serde(serialize_with = "instants::serialize_day")]
    pub dal: NaiveDate,
}

/// Il comune succeduto a uno soppresso.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ComuneSuccessore {
    /// Codice ISTAT del comune.
    #[schema(pattern = "^[0-9]{6}$", max_length = 6, example = "013256")]
    pub codice_istat: String,
    /// Denominazione.
    #[schema(max_length = 200, example = "Uggiate con Ronago")]
    pub denominazione: String,
    /// Giorno da cui il comune è succeduto a quello soppresso.
    #[schema(example = "2024-01-01")]
    #[serde(serialize_with = "instants::serialize_day")]
    pub dal: NaiveDate,
}

/// Le operazioni che un ente offre, con i loro limiti: da leggere prima di proporre un servizio al cittadino.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiziEnte {
    /// Codice ISTAT dell'ente.
    #[schema(pattern = "^[0-9]{6}$", max_length = 6, example = "013075")]
    pub codice_istat: String,
    /// Le operazioni offerte.
    #[schema(max_items = 100)]
    pub items: Vec<ServizioOfferto>,
}

/// Un'operazione offerta da un ente.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServizioOfferto {
    /// Nome dell'operazione: dominio e risorsa.
    #[schema(max_length = 60, example = "anagrafe.ricerche-persona")]
    pub operazione: String,
    /// Come arrivano i dati.
    pub modalita: Modalita,
    /// Se l'operazione modifica i dati dell'ente: richiede allora `Idempotency-Key`. Assente per le ricerche.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub scrittura: bool,
    /// Per una scrittura: se il gestionale sa dire che ne è stato quando non ha confermato; altrimenti lo accerta un operatore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub esito_accertabile: Option<bool>,
    /// Fonte dei dati.
    pub fonte: Fonte,
    /// Adattatore che traduce le risposte del gestionale.
    pub adattatore: Adattatore,
    /// Campi che il gestionale dell'ente può dare.
    #[schema(max_items = 32)]
    pub campi_disponibili: Vec<String>,
    /// Tributi coperti; vuoto per le operazioni che non riguardano tributi.
    #[schema(max_items = 10)]
    pub tributi: Vec<Tributo>,
    /// Età massima dei dati, in secondi, quando il gestionale risponde; 0 se sono sempre letti al momento.
    #[schema(minimum = 0, maximum = 31_536_000, example = 300)]
    pub eta_massima_secondi: i32,
    /// Età massima dei dati, in secondi, quando il gestionale non risponde: oltre `eta_massima_secondi` la risposta è marcata `scaduta`.
    #[schema(minimum = 0, maximum = 31_536_000, example = 900)]
    pub eta_massima_in_emergenza_secondi: i32,
    /// Se il gestionale tarda più di tanti secondi una ricerca ha risposta 202, come con la modalità `asincrona`; assente se attende.
    #[schema(minimum = 1, maximum = 3600, example = 5)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asincrona_dopo_secondi: Option<i32>,
    /// Entro quanti secondi l'ente risponde a una richiesta, se la modalità è o diventa `asincrona`: poi è abbandonata.
    #[schema(minimum = 1, maximum = 2_592_000, example = 86_400)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub termine_secondi: Option<i32>,
    /// Tempo di risposta usuale del gestionale, in secondi; assente se non è noto.
    #[schema(minimum = 0, maximum = 31_536_000, example = 1)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ritardo_usuale_secondi: Option<i32>,
    /// Orario in cui il gestionale risponde, ora di Roma; assente se risponde sempre.
    #[schema(
        max_length = 1000,
        example = "lun-ven 7:00-20:00, chiuso nei giorni festivi"
    )]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orario: Option<String>,
    /// La copia notturna che risponde mentre il gestionale è chiuso da orario o calendario; assente se allora la risposta è 503.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copia_quando_chiuso: Option<CopiaQuandoChiuso>,
    /// Manutenzioni e festività dei prossimi quattordici giorni, in ordine di inizio; assente se non ce ne sono. Fino alla
    /// fine di una chiusura le richieste hanno risposta 503, o una copia se l'ente la ammette.
    #[schema(max_items = 100)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chiusure_previste: Vec<ChiusuraPrevista>,
}

/// Una copia notturna che sta al posto del gestionale chiuso: le sue risposte dicono `copia_notturna` e la data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CopiaQuandoChiuso {
    /// Adattatore che legge la copia.
    pub adattatore: Adattatore,
    /// Campi che la copia può dare.
    #[schema(max_items = 32)]
    pub campi_disponibili: Vec<String>,
    /// Età massima dei dati, in secondi: una copia più vecchia non risponde.
    #[schema(minimum = 0, maximum = 31_622_400, example = 604_800)]
    pub eta_massima_secondi: i32,
}

/// Un periodo in cui il gestionale non risponderà.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChiusuraPrevista {
    /// Inizio (RFC 3339, UTC).
    #[schema(example = "2026-12-03T19:00:00Z")]
    #[serde(serialize_with = "instants::serialize_instant")]
    pub dal: DateTime<Utc>,
    /// Fine (RFC 3339, UTC).
    #[schema(example = "2026-12-03T21:00:00Z")]
    #[serde(serialize_with = "instants::serialize_instant")]
    pub al: DateTime<Utc>,
    /// Perché il gestionale è chiuso.
    pub motivo: MotivoChiusura,
    /// Il motivo nelle parole dell'ente; assente se non ne ha dette.
    #[schema(max_length = 200, example = "aggiornamento del gestionale")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub descrizione: Option<String>,
}

/// Perché un gestionale è chiuso.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MotivoChiusura {
    /// Manutenzione programmata.
    Manutenzione,
    /// Giorno festivo.
    Festivita,
}

/// Come arrivano i dati di un'operazione.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Modalita {
    /// Il gestionale è interrogato al momento.
    InLinea,
    /// I dati vengono da una copia depositata a scadenze fisse.
    Differita,
    /// L'ente risponde più tardi: la ricerca ha risposta 202 e il risultato si ritira quando c'è.
    Asincrona,
}

impl Modalita {
    /// The way that data of that source arrive.
    pub fn of(fonte: Fonte) -> Modalita {
        match fonte {
            Fonte::CopiaNotturna => Modalita::Differita,
            Fonte::GestionaleComunale | Fonte::Operatore | Fonte::Anpr => Modalita::InLinea,
        }
    }
}
