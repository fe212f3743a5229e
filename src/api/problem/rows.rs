//! The rows of the table of problems: fixed texts, one per type.

use std::borrow::Cow;
use std::time::Duration;

use crate::contract::side::Side;

use super::Problem;

/// Every row, for the pages, the documents and their tests.
pub static TABLE: [Problem; 57] = [
    CERTIFICATO_NON_ATTENDIBILE,
    CERTIFICATO_SCONOSCIUTO,
    TOKEN_MANCANTE,
    TOKEN_NON_VALIDO,
    TOKEN_RIUTILIZZATO,
    INTEGRITA_NON_VERIFICATA,
    ACCESSO_NON_RIUSCITO,
    VOUCHER_NON_PERTINENTE,
    RISORSA_INESISTENTE,
    METODO_NON_AMMESSO,
    RICHIESTA_NON_LEGGIBILE,
    INTESTAZIONI_TROPPO_GRANDI,
    TIPO_DI_CONTENUTO_NON_AMMESSO,
    CORPO_TROPPO_GRANDE,
    RICHIESTA_TROPPO_LENTA,
    JSON_NON_VALIDO,
    CAMPO_NON_VALIDO,
    FINALITA_MANCANTE,
    NON_AUTORIZZATO,
    CONCESSIONE_NON_IN_VIGORE,
    CONCESSIONE_REVOCATA,
    RICHIEDENTE_NON_DIMOSTRATO,
    DATI_FRESCHI_NON_CONCESSI,
    LIMITE_DI_FREQUENZA,
    QUOTA_GIORNALIERA_ESAURITA,
    TROPPI_ENTI,
    ENTE_SCONOSCIUTO,
    ENTE_CESSATO,
    SERVIZIO_NON_OFFERTO,
    SOGGETTO_NON_TROVATO,
    SOGGETTO_AMBIGUO,
    GESTIONALE_CHIUSO,
    GESTIONALE_NON_DISPONIBILE,
    GESTIONALE_OCCUPATO,
    GESTIONALE_NON_RISPONDE,
    GESTIONALE_IN_ERRORE,
    RISPOSTA_INCOMPRENSIBILE,
    RISPOSTA_NON_VERIFICATA,
    RICHIESTA_INESISTENTE,
    RICHIESTA_IN_CORSO,
    RICHIESTA_SCADUTA,
    TROPPE_RICHIESTE_APERTE,
    INDIRIZZO_DI_RITORNO_NON_AMMESSO,
    CHIAVE_MANCANTE,
    CHIAVE_RIUSATA,
    SCRITTURA_IN_CORSO,
    DICHIARAZIONE_RIFIUTATA,
    DICHIARAZIONE_GIA_PRESENTE,
    SCRITTURA_NON_ESEGUITA,
    SCAMBIO_NON_REGISTRATO,
    GATEWAY_OCCUPATO,
    FIRMA_NON_DISPONIBILE,
    PROVE_NON_SIGILLATE,
    PROVA_INESISTENTE,
    PROVA_IN_ATTESA,
    TEMPO_SCADUTO,
    ERRORE_INTERNO,
];

const fn row(
    status: u16,
    slug: &'static str,
    side: Side,
    retry_after: Option<u64>,
    [title, detail, remedy]: [&'static str; 3],
) -> Problem {
    Problem {
        slug,
        status,
        title,
        detail: Cow::Borrowed(detail),
        remedy,
        side,
        successors: Vec::new(),
        oauth_error: None,
        retry_after: match retry_after {
            Some(seconds) => Some(Duration::from_secs(seconds)),
            None => None,
        },
    }
}

pub(super) const CERTIFICATO_NON_ATTENDIBILE: Problem = row(
    403,
    "certificato-non-attendibile",
    Side::Portale,
    None,
    [
        "Certificato non attendibile",
        "La connessione usa un certificato che non è accettato.",
        "Chiudere la connessione e presentare un certificato valido, emesso da un'autorità riconosciuta; se il certificato sembra valido, rivolgersi al gestore del gateway.",
    ],
);

pub(super) const CERTIFICATO_SCONOSCIUTO: Problem = row(
    403,
    "certificato-sconosciuto",
    Side::Portale,
    None,
    [
        "Certificato sconosciuto",
        "Il certificato è valido ma la configurazione non lo assegna a nessuno che possa entrare da questo portone.",
        "Chiedere al gestore del gateway di registrare il certificato.",
    ],
);

pub(super) const TOKEN_MANCANTE: Problem = row(
    401,
    "token-mancante",
    Side::Portale,
    None,
    [
        "Token mancante",
        "Per questa operazione il portale deve inviare un token che manca.",
        "Inviare i token previsti dai pattern di sicurezza concordati (ModI: ID_AUTH_REST, INTEGRITY_REST, AUDIT_REST).",
    ],
);

pub(super) const TOKEN_NON_VALIDO: Problem = row(
    401,
    "token-non-valido",
    Side::Portale,
    None,
    [
        "Token non valido",
        "Un token della richiesta non è accettato.",
        "Controllare chiave, algoritmo, istanti e destinatario del token, poi ripetere la richiesta con un token nuovo.",
    ],
);

pub(super) const TOKEN_RIUTILIZZATO: Problem = row(
    401,
    "token-riutilizzato",
    Side::Portale,
    None,
    [
        "Token già utilizzato",
        "Un token che vale una volta sola è già stato usato.",
        "Ripetere la richiesta con token nuovi, ciascuno con un jti proprio.",
    ],
);

pub(super) const INTEGRITA_NON_VERIFICATA: Problem = row(
    400,
    "integrita-non-verificata",
    Side::Portale,
    None,
    [
        "Integrità non verificata",
        "La firma della richiesta non corrisponde a quanto è stato ricevuto.",
        "Firmare il corpo e le intestazioni così come vengono inviati, e verificare che nessun passaggio intermedio li cambi.",
    ],
);

pub(super) const RISORSA_INESISTENTE: Problem = row(
    404,
    "risorsa-inesistente",
    Side::Portale,
    None,
    [
        "Risorsa inesistente",
        "Il percorso non corrisponde a nessuna risorsa.",
        "Confrontare il percorso con i documenti OpenAPI pubblicati in /docs.",
    ],
);

pub(super) const METODO_NON_AMMESSO: Problem = row(
    405,
    "metodo-non-ammesso",
    Side::Portale,
    None,
    [
        "Metodo non ammesso",
        "La risorsa non ammette il metodo della richiesta.",
        "Usare uno dei metodi elencati nell'intestazione Allow.",
    ],
);

pub(super) const RICHIESTA_NON_LEGGIBILE: Problem = row(
    400,
    "richiesta-non-leggibile",
    Side::Portale,
    None,
    [
        "Richiesta non leggibile",
        "Quanto è arrivato non è una richiesta HTTP/1.1 ben formata, o non dice senza ambiguità dove finisce.",
        "Inviare metodo, percorso e versione validi, una sola intestazione Host, o Content-Length (una volta) o Transfer-Encoding: chunked con blocchi corretti, e nessun byte non ammesso in percorso e intestazioni. La connessione viene chiusa.",
    ],
);

pub(super) const INTESTAZIONI_TROPPO_GRANDI: Problem = row(
    431,
    "intestazioni-troppo-grandi",
    Side::Portale,
    None,
    [
        "Intestazioni troppo grandi",
        "Percorso e intestazioni superano la dimensione ammessa, o le intestazioni sono troppe.",
        "Inviare solo le intestazioni previste dal documento OpenAPI.",
    ],
);

pub(super) const TIPO_DI_CONTENUTO_NON_AMMESSO: Problem = row(
    415,
    "tipo-di-contenuto-non-ammesso",
    Side::Portale,
    None,
    [
        "Tipo di contenuto non ammesso",
        "Il corpo della richiesta deve essere application/json, senza compressione e in UTF-8.",
        "Inviare il corpo come application/json.",
    ],
);

pub(super) const CORPO_TROPPO_GRANDE: Problem = row(
    413,
    "corpo-troppo-grande",
    Side::Portale,
    None,
    [
        "Corpo troppo grande",
        "Il corpo della richiesta supera la dimensione ammessa.",
        "Inviare solo i campi previsti dal documento OpenAPI.",
    ],
);

pub(super) const RICHIESTA_TROPPO_LENTA: Problem = row(
    408,
    "richiesta-troppo-lenta",
    Side::Portale,
    None,
    [
        "Richiesta troppo lenta",
        "La richiesta non è arrivata per intero entro il tempo ammesso.",
        "Verificare la rete e ripetere la richiesta.",
    ],
);

pub(super) const JSON_NON_VALIDO: Problem = row(
    400,
    "json-non-valido",
    Side::Portale,
    None,
    [
        "JSON non valido",
        "Il corpo della richiesta non è un documento JSON valido in UTF-8.",
        "Correggere il corpo della richiesta.",
    ],
);

pub(super) const CAMPO_NON_VALIDO: Problem = row(
    400,
    "campo-non-valido",
    Side::Portale,
    None,
    [
        "Campo non valido",
        "Un campo della richiesta non ha la forma prevista.",
        "Correggere il campo indicato secondo il documento OpenAPI.",
    ],
);

pub(super) const FINALITA_MANCANTE: Problem = row(
    400,
    "finalita-mancante",
    Side::Portale,
    None,
    [
        "Finalità mancante",
        "Manca l'intestazione Purpose-Id con la finalità della richiesta.",
        "Indicare in Purpose-Id una delle finalità concesse al portale.",
    ],
);

pub(super) const NON_AUTORIZZATO: Problem = row(
    403,
    "non-autorizzato",
    Side::Portale,
    None,
    [
        "Richiesta non autorizzata",
        "Nessuna concessione copre insieme portale, ente, operazione, finalità e campi richiesti.",
        "Verificare finalità e campi della richiesta; per estendere la concessione rivolgersi al gestore del gateway.",
    ],
);

pub(super) const CONCESSIONE_NON_IN_VIGORE: Problem = row(
    403,
    "concessione-non-in-vigore",
    Side::Portale,
    None,
    [
        "Concessione non in vigore",
        "Una concessione copre la richiesta, ma in questo momento non vale: non ancora, non più, o non con quest'ente.",
        "Non ripetere la richiesta; per la durata della concessione o della convenzione rivolgersi al gestore del gateway.",
    ],
);

pub(super) const CONCESSIONE_REVOCATA: Problem = row(
    403,
    "concessione-revocata",
    Side::Portale,
    None,
    [
        "Concessione revocata",
        "La concessione che copriva la richiesta è stata tolta o ristretta prima che la risposta uscisse.",
        "Non ripetere la richiesta così com'è; per la concessione rivolgersi al gestore del gateway.",
    ],
);

pub(super) const RICHIEDENTE_NON_DIMOSTRATO: Problem = row(
    403,
    "richiedente-non-dimostrato",
    Side::Portale,
    None,
    [
        "Richiedente non dimostrato",
        "La concessione vuole che il portale mostri chi chiede, e la richiesta non lo mostra come serve.",
        "Inviare Agid-JWT-TrackingEvidence, coperto dalla firma del messaggio, con la persona e il livello (o l'ufficio e il fascicolo) concordati.",
    ],
);

pub(super) const VOUCHER_NON_PERTINENTE: Problem = row(
    403,
    "voucher-non-pertinente",
    Side::Portale,
    None,
    [
        "Voucher non pertinente",
        "Il voucher della PDND è valido, ma non per ciò che è stato chiesto.",
        "Chiedere alla PDND un voucher per l'e-service dell'ente interrogato e per la finalità della richiesta.",
    ],
);

pub(super) const ACCESSO_NON_RIUSCITO: Problem = row(
    400,
    "accesso-non-riuscito",
    Side::Portale,
    None,
    [
        "Accesso non riuscito",
        "Per il codice di accesso non ci sono token.",
        "Far ricominciare l'accesso al cittadino; il campo error dice che cosa non va (RFC 6749).",
    ],
);

pub(super) const DATI_FRESCHI_NON_CONCESSI: Problem = row(
    403,
    "dati-freschi-non-concessi",
    Side::Portale,
    None,
    [
        "Dati freschi non concessi",
        "La concessione del portale non permette di escludere la cache con Cache-Control: no-cache.",
        "Ripetere la richiesta senza Cache-Control: no-cache.",
    ],
);

pub(super) const LIMITE_DI_FREQUENZA: Problem = row(
    429,
    "limite-di-frequenza",
    Side::Portale,
    Some(1),
    [
        "Troppe richieste",
        "Il limite di frequenza è raggiunto.",
        "Attendere il tempo indicato in Retry-After e distribuire le richieste nel tempo.",
    ],
);

pub(super) const QUOTA_GIORNALIERA_ESAURITA: Problem = row(
    429,
    "quota-giornaliera-esaurita",
    Side::Portale,
    Some(3600),
    [
        "Quota giornaliera esaurita",
        "Le richieste concesse al portale per oggi, per questa operazione e questo ente, sono esaurite.",
        "Attendere il tempo indicato in Retry-After o chiedere al gestore del gateway una quota più alta.",
    ],
);

pub(super) const TROPPI_ENTI: Problem = row(
    422,
    "troppi-enti",
    Side::Portale,
    None,
    [
        "Troppi enti",
        "La richiesta riguarda più enti di quanti il limite di frequenza del portale ammetta insieme.",
        "Ogni ente conta come una richiesta: dividerli in più richieste, indicandoli in enti.",
    ],
);

pub(super) const ENTE_SCONOSCIUTO: Problem = row(
    404,
    "ente-sconosciuto",
    Side::Portale,
    None,
    [
        "Ente sconosciuto",
        "Nessun ente con questo codice ISTAT è collegato al gateway.",
        "Cercare il codice dell'ente nel catalogo: GET /rest/catalogo/v1/enti.",
    ],
);

pub(super) const ENTE_CESSATO: Problem = row(
    410,
    "ente-cessato",
    Side::Portale,
    None,
    [
        "Ente cessato",
        "Il comune con questo codice ISTAT non esiste più: gli è succeduto un altro comune.",
        "Ripetere la richiesta con il codice ISTAT indicato in successori e sostituire il codice di prima.",
    ],
);

pub(super) const SERVIZIO_NON_OFFERTO: Problem = row(
    501,
    "servizio-non-offerto",
    Side::Ente,
    None,
    [
        "Servizio non offerto dall'ente",
        "L'ente non offre questa operazione, o non con questi parametri.",
        "Consultare prima i servizi dell'ente: GET /rest/catalogo/v1/enti/{codice_istat}/servizi.",
    ],
);

pub(super) const SOGGETTO_NON_TROVATO: Problem = row(
    404,
    "soggetto-non-trovato",
    Side::Portale,
    None,
    [
        "Soggetto non trovato",
        "L'ente non ha, o non può comunicare per questa finalità, dati di un soggetto con questi parametri.",
        "Verificare i parametri e l'ente interrogato; la risposta non dice nulla sugli altri enti.",
    ],
);

pub(super) const SOGGETTO_AMBIGUO: Problem = row(
    409,
    "soggetto-ambiguo",
    Side::Ente,
    None,
    [
        "Soggetto ambiguo",
        "Più soggetti corrispondono ai parametri nel gestionale dell'ente.",
        "Segnalare all'ente il numero dello scambio: il gestionale va corretto.",
    ],
);

pub(super) const GESTIONALE_CHIUSO: Problem = row(
    503,
    "gestionale-chiuso",
    Side::Ente,
    Some(60),
    [
        "Gestionale chiuso",
        "Il gestionale dell'ente è fuori orario, chiuso per festività o in manutenzione programmata.",
        "Ripetere la richiesta dopo il tempo indicato in Retry-After; orario e chiusure previste sono nei servizi dell'ente.",
    ],
);

pub(super) const GESTIONALE_NON_DISPONIBILE: Problem = row(
    503,
    "gestionale-non-disponibile",
    Side::Ente,
    Some(30),
    [
        "Gestionale non disponibile",
        "Il gestionale dell'ente non è raggiungibile o non è in servizio. Non è un esito sulla persona cercata.",
        "Ripetere la richiesta dopo il tempo indicato in Retry-After.",
    ],
);

pub(super) const GESTIONALE_OCCUPATO: Problem = row(
    503,
    "gestionale-occupato",
    Side::Ente,
    Some(5),
    [
        "Gestionale occupato",
        "Il gestionale dell'ente ha già tutte le richieste che può sostenere.",
        "Ripetere la richiesta dopo il tempo indicato in Retry-After.",
    ],
);

pub(super) const GESTIONALE_NON_RISPONDE: Problem = row(
    504,
    "gestionale-non-risponde",
    Side::Ente,
    None,
    [
        "Il gestionale non risponde",
        "Il gestionale dell'ente non ha risposto entro il tempo previsto. Non è un esito sulla persona cercata.",
        "Ripetere la richiesta più tardi; se il problema continua, segnalare il numero dello scambio.",
    ],
);

pub(super) const GESTIONALE_IN_ERRORE: Problem = row(
    502,
    "gestionale-in-errore",
    Side::Ente,
    Some(30),
    [
        "Errore del gestionale",
        "Il gestionale dell'ente ha risposto con un errore. Non è un esito sulla persona cercata.",
        "Ripetere la richiesta più tardi; se il problema continua, segnalare il numero dello scambio.",
    ],
);

pub(super) const RISPOSTA_INCOMPRENSIBILE: Problem = row(
    502,
    "risposta-incomprensibile",
    Side::Ente,
    None,
    [
        "Risposta del gestionale incomprensibile",
        "Il gestionale dell'ente ha dato una risposta che il gateway non può interpretare con sicurezza.",
        "Segnalare il numero dello scambio al gestore del gateway.",
    ],
);

pub(super) const RISPOSTA_NON_VERIFICATA: Problem = row(
    502,
    "risposta-non-verificata",
    Side::Ente,
    None,
    [
        "Risposta del gestionale non verificata",
        "La risposta del gestionale dell'ente non dimostra di essere sua: la firma ModI manca, non è valida o è di un'altra domanda.",
        "Segnalare il numero dello scambio al gestore del gateway.",
    ],
);

pub(super) const RICHIESTA_INESISTENTE: Problem = row(
    404,
    "richiesta-inesistente",
    Side::Portale,
    None,
    [
        "Richiesta inesistente",
        "Il portale non ha nessuna richiesta con questo identificativo, o la sua conservazione è finita.",
        "Verificare l'identificativo e il dominio nell'indirizzo dato con la risposta 202; se la conservazione è finita, ripetere la ricerca.",
    ],
);

pub(super) const RICHIESTA_IN_CORSO: Problem = row(
    409,
    "richiesta-in-corso",
    Side::Portale,
    Some(60),
    [
        "Richiesta ancora in corso",
        "L'ente non ha ancora risposto alla richiesta: il risultato non c'è.",
        "Leggere lo stato della richiesta, e il risultato quando lo stato risponde 303.",
    ],
);

pub(super) const RICHIESTA_SCADUTA: Problem = row(
    504,
    "richiesta-scaduta",
    Side::Ente,
    None,
    [
        "Richiesta scaduta",
        "L'ente non ha risposto alla richiesta entro il termine dichiarato nei suoi servizi.",
        "Ripetere la ricerca, o rivolgersi all'ente.",
    ],
);

pub(super) const TROPPE_RICHIESTE_APERTE: Problem = row(
    429,
    "troppe-richieste-aperte",
    Side::Portale,
    Some(60),
    [
        "Troppe richieste aperte",
        "Il portale ha già tante richieste aperte quante ne può avere: la richiesta non è stata presa in carico.",
        "Attendere che le richieste aperte si concludano (…/richieste/{id} dice a che punto sono), poi ripetere la richiesta; se servono più richieste aperte insieme, chiederlo al gestore del gateway.",
    ],
);

pub(super) const INDIRIZZO_DI_RITORNO_NON_AMMESSO: Problem = row(
    403,
    "indirizzo-di-ritorno-non-ammesso",
    Side::Portale,
    None,
    [
        "Indirizzo di ritorno non ammesso",
        "L'indirizzo in X-ReplyTo non è tra quelli registrati per il portale.",
        "Usare un indirizzo registrato, scritto come nella configurazione, o ritirare il risultato all'indirizzo in Location senza X-ReplyTo.",
    ],
);

pub(super) const CHIAVE_MANCANTE: Problem = row(
    400,
    "chiave-mancante",
    Side::Portale,
    None,
    [
        "Chiave di idempotenza mancante",
        "Una scrittura richiede l'intestazione Idempotency-Key.",
        "Indicare una chiave nuova per ogni scrittura, meglio se un UUID, e la stessa quando si ripete la richiesta.",
    ],
);

pub(super) const CHIAVE_RIUSATA: Problem = row(
    422,
    "chiave-riusata",
    Side::Portale,
    None,
    [
        "Chiave di idempotenza già usata",
        "La stessa Idempotency-Key è già stata usata per la stessa operazione con un altro corpo o per un altro ente.",
        "Usare una chiave nuova per una scrittura nuova; per ripetere la prima, inviare lo stesso corpo.",
    ],
);

pub(super) const SCRITTURA_IN_CORSO: Problem = row(
    409,
    "scrittura-in-corso",
    Side::Portale,
    Some(2),
    [
        "Scrittura in corso",
        "La scrittura con questa Idempotency-Key è ancora in corso.",
        "Ripetere la stessa richiesta con la stessa chiave dopo il tempo indicato in Retry-After.",
    ],
);

pub(super) const DICHIARAZIONE_RIFIUTATA: Problem = row(
    422,
    "dichiarazione-rifiutata",
    Side::Portale,
    None,
    [
        "Dichiarazione rifiutata",
        "Il gestionale dell'ente ha rifiutato la dichiarazione: è in contrasto con sé stessa o con ciò che l'ente conosce.",
        "Verificare intestatario, utenza, date e protocollo, e inviare la dichiarazione corretta con una chiave nuova.",
    ],
);

pub(super) const DICHIARAZIONE_GIA_PRESENTE: Problem = row(
    409,
    "dichiarazione-gia-presente",
    Side::Portale,
    None,
    [
        "Dichiarazione già presente",
        "Il gestionale dell'ente ha già una dichiarazione con lo stesso protocollo, o per la stessa utenza e decorrenza.",
        "Non ripetere la scrittura; se la dichiarazione è un'altra, correggere protocollo o decorrenza e usare una chiave nuova.",
    ],
);

pub(super) const SCRITTURA_NON_ESEGUITA: Problem = row(
    409,
    "scrittura-non-eseguita",
    Side::Ente,
    None,
    [
        "Scrittura non eseguita",
        "È stato accertato che il gestionale dell'ente non ha eseguito la scrittura, il cui esito era ignoto.",
        "Ripetere la scrittura con una chiave nuova.",
    ],
);

pub(super) const SCAMBIO_NON_REGISTRATO: Problem = row(
    503,
    "scambio-non-registrato",
    Side::Gateway,
    Some(10),
    [
        "Scambio non registrato",
        "Il gateway non ha potuto registrare lo scambio e perciò non dà la risposta.",
        "Ripetere la richiesta dopo il tempo indicato in Retry-After.",
    ],
);

pub(super) const GATEWAY_OCCUPATO: Problem = row(
    503,
    "gateway-occupato",
    Side::Gateway,
    Some(5),
    [
        "Gateway occupato",
        "Il gateway ha già tutte le richieste che può sostenere o sta per fermarsi.",
        "Ripetere la richiesta dopo il tempo indicato in Retry-After.",
    ],
);

pub(super) const FIRMA_NON_DISPONIBILE: Problem = row(
    503,
    "firma-non-disponibile",
    Side::Gateway,
    Some(5),
    [
        "Firma non disponibile",
        "La chiave con cui il gateway firma ciò che questa richiesta richiede non è raggiungibile, o firma già quanto può.",
        "Ripetere la richiesta dopo il tempo indicato in Retry-After.",
    ],
);

pub(super) const PROVE_NON_SIGILLATE: Problem = row(
    503,
    "prove-non-sigillate",
    Side::Gateway,
    Some(30),
    [
        "Prove non sigillate",
        "Le prove degli scambi attendono il sigillo del gateway da più tempo di quanto sia ammesso per questa operazione, che perciò non è eseguita.",
        "Ripetere la richiesta dopo il tempo indicato in Retry-After.",
    ],
);

pub(super) const PROVA_INESISTENTE: Problem = row(
    404,
    "prova-inesistente",
    Side::Portale,
    None,
    [
        "Prova inesistente",
        "Non c'è la prova di uno scambio del portale con questo numero: il numero non è suo, è più vecchio della conservazione o precede le ricevute.",
        "Verificare il numero dello scambio: è l'X-Correlation-ID della sua risposta.",
    ],
);

pub(super) const PROVA_IN_ATTESA: Problem = row(
    409,
    "prova-in-attesa",
    Side::Gateway,
    Some(5),
    [
        "Prova in attesa del sigillo",
        "Lo scambio è registrato, ma la sua prova non ha ancora il sigillo.",
        "Ripetere la richiesta dopo il tempo indicato in Retry-After.",
    ],
);

pub(super) const TEMPO_SCADUTO: Problem = row(
    504,
    "tempo-scaduto",
    Side::Gateway,
    None,
    [
        "Tempo scaduto",
        "La richiesta non si è conclusa entro il tempo che il gateway concede.",
        "Ripetere la richiesta più tardi; se il problema continua, segnalare il numero dello scambio.",
    ],
);

pub(super) const ERRORE_INTERNO: Problem = row(
    500,
    "errore-interno",
    Side::Gateway,
    None,
    [
        "Errore interno del gateway",
        "Il gateway ha avuto un errore proprio.",
        "Segnalare il numero dello scambio al gestore del gateway.",
    ],
);
