//! What is said of a signed document: a report for each signer in the words of ETSI EN 319 102-1, never a bare yes.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::codice_fiscale::CodiceFiscale;

/// Esito della verifica di un documento firmato.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct VerificaFirme {
    /// Istante per il quale il documento è stato verificato.
    pub verificato_al: DateTime<Utc>,
    /// SHA-256 del file ricevuto, in esadecimale.
    pub impronta: String,
    /// Byte del file ricevuto.
    pub byte: u64,
    /// Come era codificato il file.
    pub codifica: Codifica,
    /// Le buste, dalla più esterna: il contenuto di una busta può essere un'altra busta firmata. Di un PDF, una per firma, nell'ordine del file.
    pub buste: Vec<Busta>,
    /// Marche temporali su un PDF intero, nell'ordine del file.
    pub marche_documento: Vec<Marca>,
    /// Byte in fondo al file che nessuna firma o marca integra copre: che cosa cambino di ciò che si vede non è valutato.
    pub byte_non_coperti: u64,
    /// Ciò che riguarda il file intero.
    pub avvertenze: Vec<String>,
}

/// Codifica di un file firmato.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Codifica {
    /// DER o BER.
    Binaria,
    /// PEM.
    Pem,
    /// Base64.
    Base64,
    /// PDF.
    Pdf,
}

/// Una busta firmata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Busta {
    /// Tipo del contenuto (identificatore di oggetto).
    pub tipo_contenuto: String,
    /// Che parte del documento è firmata.
    pub copertura: Copertura,
    /// Byte del contenuto firmato, se c'è.
    pub byte_contenuto: Option<u64>,
    /// SHA-256 del contenuto firmato, in esadecimale, se c'è.
    pub impronta_contenuto: Option<String>,
    /// Byte dopo la fine della busta, o della revisione firmata del PDF: questa firma non li copre.
    pub byte_in_coda: u64,
    /// Una per firmatario, nell'ordine della busta.
    pub firme: Vec<Firma>,
}

/// Che parte del documento le firme di una busta coprono.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Copertura {
    /// Tutto il contenuto, che sta nella busta.
    ContenutoIntero,
    /// Tutto il contenuto, consegnato a parte.
    ContenutoSeparato,
    /// Una revisione precedente del PDF: dopo la firma il file è stato modificato.
    RevisionePrecedente,
    /// Il contenuto non è nella busta e non è stato consegnato.
    ContenutoMancante,
}

/// Ciò che si può dire di una firma. Integrità, identità e qualifica sono tre risposte distinte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Firma {
    /// Indicazione (ETSI EN 319 102-1).
    pub indicazione: Indicazione,
    /// Sotto-indicazione, quando l'indicazione non è TOTAL-PASSED.
    pub sotto_indicazione: Option<SottoIndicazione>,
    /// Perché, in parole.
    pub motivi: Vec<String>,
    /// Se il contenuto e gli attributi firmati sono quelli che la chiave ha firmato.
    pub integrita: Integrita,
    /// Di chi è il certificato e chi lo garantisce.
    pub identita: Identita,
    /// Che firma è per la legge.
    pub qualifica: Qualifica,
    /// Livello raggiunto: B, o T con una marca temporale integra su questa firma. LT e LTA non sono attestati.
    pub livello: Option<Livello>,
    /// Algoritmo dell'impronta del contenuto.
    pub algoritmo_impronta: String,
    /// Algoritmo della firma.
    pub algoritmo_firma: String,
    /// Ora che il firmatario dichiara: non è una prova.
    pub ora_dichiarata: Option<DateTime<Utc>>,
    /// Ora entro la quale è provato che la firma esisteva: quella di una marca temporale affidabile, o quella della verifica.
    pub ora_provata: DateTime<Utc>,
    /// Marche temporali su questa firma.
    pub marche: Vec<Marca>,
    /// Materiale per la conservazione a lungo termine che la firma porta con sé; riportato, non valutato.
    pub materiale: Vec<String>,
    /// Controfirme a questa firma.
    #[schema(no_recursion)]
    pub controfirme: Vec<Firma>,
}

/// Indicazione principale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub enum Indicazione {
    /// Ogni controllo è riuscito.
    #[serde(rename = "TOTAL-PASSED")]
    TotalPassed,
    /// I dati disponibili non bastano a decidere.
    #[serde(rename = "INDETERMINATE")]
    Indeterminate,
    /// La firma non vale.
    #[serde(rename = "TOTAL-FAILED")]
    TotalFailed,
}

/// Sotto-indicazione.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the words of ETSI EN 319 102-1, table 5")]
pub enum SottoIndicazione {
    FormatFailure,
    HashFailure,
    SigCryptoFailure,
    Revoked,
    NotYetValid,
    SigConstraintsFailure,
    ChainConstraintsFailure,
    CertificateChainGeneralFailure,
    CryptoConstraintsFailure,
    CryptoConstraintsFailureNoPoe,
    NoSigningCertificateFound,
    NoCertificateChainFound,
    RevokedNoPoe,
    RevokedCaNoPoe,
    OutOfBoundsNoPoe,
    OutOfBoundsNotRevoked,
    TryLater,
    SignedDataNotFound,
}

/// Se la matematica torna: né di chi è la chiave, né che firma è.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Integrita {
    /// Contenuto e attributi sono quelli firmati.
    Integra,
    /// Qualcosa è stato cambiato, o la firma è di un'altra chiave.
    Violata,
    /// Manca qualcosa per dirlo, o l'algoritmo non è tra quelli che si verificano.
    NonVerificabile,
}

/// Di chi è il certificato, come dice il certificato stesso, e se qualcuno lo garantisce.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Identita {
    /// Se la catena arriva a un'autorità riconosciuta.
    pub fiducia: Fiducia,
    /// Stato di revoca all'ora provata.
    pub revoca: Revoca,
    /// Codice fiscale del titolare, se il certificato lo porta e il carattere di controllo corrisponde.
    #[schema(value_type = Option<String>)]
    pub codice_fiscale: Option<CodiceFiscale>,
    /// Codice fiscale o partita IVA dell'organizzazione, come il certificato lo scrive.
    pub organizzazione: Option<String>,
    /// Soggetto del certificato (RFC 4514).
    pub soggetto: Option<String>,
    /// Emittente del certificato (RFC 4514).
    pub emittente: Option<String>,
    /// Numero di serie del certificato, in esadecimale.
    pub numero_serie: Option<String>,
    /// Validità del certificato, dal.
    pub valido_dal: Option<DateTime<Utc>>,
    /// Validità del certificato, al.
    pub valido_al: Option<DateTime<Utc>>,
}

/// Se la catena dei certificati arriva a un'autorità riconosciuta.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fiducia {
    /// Arriva a un servizio dell'elenco di fiducia.
    ElencoDiFiducia,
    /// Arriva a un'autorità che il gestore ha configurato.
    AutoritaConfigurata,
    /// Non arriva a nessuna autorità riconosciuta.
    Nessuna,
}

/// Stato di revoca.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Revoca {
    /// Nessun certificato della catena era revocato.
    NonRevocato,
    /// Un certificato della catena era revocato.
    Revocato,
    /// Nessuna lista di revoca disponibile lo dice.
    NonDisponibile,
}

/// Che firma è per la legge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Qualifica {
    /// Tipo di certificato, secondo l'elenco di fiducia.
    pub certificato: TipoCertificato,
    /// Firma o sigillo, nelle parole di ETSI TS 119 172-4.
    pub livello: LivelloQualifica,
    /// Ciò che il certificato dichiara di sé, non confermato da nessuno: `QcCompliance`, `QcSSCD`, `QcType`.
    pub dichiarazioni: Vec<String>,
    /// Che cosa se ne può fare.
    pub note: Vec<String>,
}

/// Tipo di certificato.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TipoCertificato {
    /// Certificato qualificato di firma.
    FirmaQualificato,
    /// Certificato qualificato di sigillo.
    SigilloQualificato,
    /// Certificato di autenticazione di una CNS o CRS.
    AutenticazioneCns,
    /// Certificato di autenticazione di una CIE.
    AutenticazioneCie,
    /// Nessuno dei precedenti, o non si può dire.
    Sconosciuto,
}

/// Livello della firma.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub enum LivelloQualifica {
    /// Firma elettronica qualificata.
    #[serde(rename = "QESig")]
    QeSig,
    /// Firma avanzata con certificato qualificato.
    #[serde(rename = "AdESig-QC")]
    AdeSigQc,
    /// Sigillo elettronico qualificato.
    #[serde(rename = "QESeal")]
    QeSeal,
    /// Sigillo avanzato con certificato qualificato.
    #[serde(rename = "AdESeal-QC")]
    AdeSealQc,
    /// Non si può attestare.
    #[serde(rename = "N/A")]
    NotAvailable,
}

/// Livello della forma.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub enum Livello {
    /// Firma di base.
    B,
    /// Con marca temporale.
    T,
}

/// Una marca temporale (RFC 3161).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Marca {
    /// Indicazione.
    pub indicazione: Indicazione,
    /// Sotto-indicazione, quando l'indicazione non è TOTAL-PASSED.
    pub sotto_indicazione: Option<SottoIndicazione>,
    /// Perché, in parole.
    pub motivi: Vec<String>,
    /// Ora della marca.
    pub ora: Option<DateTime<Utc>>,
    /// Chi l'ha emessa (soggetto del certificato).
    pub emittente: Option<String>,
    /// Se è una marca qualificata secondo l'elenco di fiducia.
    pub qualificata: bool,
}

impl std::fmt::Debug for Identita {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = formatter.debug_struct("Identita");
        debug.field("fiducia", &self.fiducia);
        debug.field("revoca", &self.revoca);
        debug.finish_non_exhaustive()
    }
}

impl VerificaFirme {
    /// Every signature and counter-signature, the outermost first.
    pub fn firme(&self) -> Vec<&Firma> {
        let mut all: Vec<&Firma> = self.buste.iter().flat_map(|one| &one.firme).collect();
        let mut next = 0;
        while next < all.len() {
            let one = all[next];
            all.extend(&one.controfirme);
            next += 1;
        }
        all
    }
}
