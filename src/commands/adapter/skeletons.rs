//! What new adapters start from: the folders of `adapters/_template`, carried by the program.

/// One way in which products speak, with an adapter that already works.
#[derive(Debug, Clone, Copy)]
pub struct Skeleton {
    /// Its name, that of its folder.
    pub name: &'static str,
    /// The dialects of the province that speak so.
    pub dialects: &'static [&'static str],
    /// What it is, for who chooses.
    pub about: &'static str,
    /// Its files by their path; what is sent and what comes of it is written by playing the examples.
    pub files: &'static [(&'static str, &'static str)],
}

/// Every skeleton.
pub const SKELETONS: &[Skeleton] = &[
    Skeleton {
        name: "rest",
        dialects: &[],
        about: "REST with a key in a header",
        files: &[
            (
                "adapter.toml",
                include_str!("../../../adapters/_template/rest/adapter.toml"),
            ),
            (
                "notes.md",
                include_str!("../../../adapters/_template/rest/notes.md"),
            ),
            (
                "ricerca.request.json",
                include_str!("../../../adapters/_template/rest/ricerca.request.json"),
            ),
            (
                "ricerca.response.toml",
                include_str!("../../../adapters/_template/rest/ricerca.response.toml"),
            ),
            (
                "examples/setting.json",
                include_str!("../../../adapters/_template/rest/examples/setting.json"),
            ),
            (
                "examples/anagrafe.ricerche-persona/found/1-portal-request.json",
                include_str!(
                    "../../../adapters/_template/rest/examples/anagrafe.ricerche-persona/found/1-portal-request.json"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/found/3-back-end-response.ricerca.http",
                include_str!(
                    "../../../adapters/_template/rest/examples/anagrafe.ricerche-persona/found/3-back-end-response.ricerca.http"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/not-found/1-portal-request.json",
                include_str!(
                    "../../../adapters/_template/rest/examples/anagrafe.ricerche-persona/not-found/1-portal-request.json"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/not-found/3-back-end-response.ricerca.http",
                include_str!(
                    "../../../adapters/_template/rest/examples/anagrafe.ricerche-persona/not-found/3-back-end-response.ricerca.http"
                ),
            ),
        ],
    },
    Skeleton {
        name: "rest-form",
        dialects: &["d7"],
        about: "forms over HTTP, answers in XML",
        files: &[
            (
                "adapter.toml",
                include_str!("../../../adapters/_template/rest-form/adapter.toml"),
            ),
            (
                "notes.md",
                include_str!("../../../adapters/_template/rest-form/notes.md"),
            ),
            (
                "persona.request.form",
                include_str!("../../../adapters/_template/rest-form/persona.request.form"),
            ),
            (
                "persona.response.toml",
                include_str!("../../../adapters/_template/rest-form/persona.response.toml"),
            ),
            (
                "examples/setting.json",
                include_str!("../../../adapters/_template/rest-form/examples/setting.json"),
            ),
            (
                "examples/anagrafe.ricerche-persona/found/1-portal-request.json",
                include_str!(
                    "../../../adapters/_template/rest-form/examples/anagrafe.ricerche-persona/found/1-portal-request.json"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/found/3-back-end-response.persona.http",
                include_str!(
                    "../../../adapters/_template/rest-form/examples/anagrafe.ricerche-persona/found/3-back-end-response.persona.http"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/not-found/1-portal-request.json",
                include_str!(
                    "../../../adapters/_template/rest-form/examples/anagrafe.ricerche-persona/not-found/1-portal-request.json"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/not-found/3-back-end-response.persona.http",
                include_str!(
                    "../../../adapters/_template/rest-form/examples/anagrafe.ricerche-persona/not-found/3-back-end-response.persona.http"
                ),
            ),
        ],
    },
    Skeleton {
        name: "rest-token",
        dialects: &["d6"],
        about: "REST with an OAuth2 token",
        files: &[
            (
                "adapter.toml",
                include_str!("../../../adapters/_template/rest-token/adapter.toml"),
            ),
            (
                "individuo.request.json",
                include_str!("../../../adapters/_template/rest-token/individuo.request.json"),
            ),
            (
                "individuo.response.toml",
                include_str!("../../../adapters/_template/rest-token/individuo.response.toml"),
            ),
            (
                "notes.md",
                include_str!("../../../adapters/_template/rest-token/notes.md"),
            ),
            (
                "token.request.form",
                include_str!("../../../adapters/_template/rest-token/token.request.form"),
            ),
            (
                "token.response.toml",
                include_str!("../../../adapters/_template/rest-token/token.response.toml"),
            ),
            (
                "examples/setting.json",
                include_str!("../../../adapters/_template/rest-token/examples/setting.json"),
            ),
            (
                "examples/_login/credentials-refused/3-back-end-response.token.http",
                include_str!(
                    "../../../adapters/_template/rest-token/examples/_login/credentials-refused/3-back-end-response.token.http"
                ),
            ),
            (
                "examples/_login/granted/3-back-end-response.token.http",
                include_str!(
                    "../../../adapters/_template/rest-token/examples/_login/granted/3-back-end-response.token.http"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/found/1-portal-request.json",
                include_str!(
                    "../../../adapters/_template/rest-token/examples/anagrafe.ricerche-persona/found/1-portal-request.json"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/found/3-back-end-response.individuo.http",
                include_str!(
                    "../../../adapters/_template/rest-token/examples/anagrafe.ricerche-persona/found/3-back-end-response.individuo.http"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/not-found/1-portal-request.json",
                include_str!(
                    "../../../adapters/_template/rest-token/examples/anagrafe.ricerche-persona/not-found/1-portal-request.json"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/not-found/3-back-end-response.individuo.http",
                include_str!(
                    "../../../adapters/_template/rest-token/examples/anagrafe.ricerche-persona/not-found/3-back-end-response.individuo.http"
                ),
            ),
        ],
    },
    Skeleton {
        name: "soap",
        dialects: &["d1", "d4b"],
        about: "SOAP, credentials in the body",
        files: &[
            (
                "adapter.toml",
                include_str!("../../../adapters/_template/soap/adapter.toml"),
            ),
            (
                "notes.md",
                include_str!("../../../adapters/_template/soap/notes.md"),
            ),
            (
                "ricerca.request.xml",
                include_str!("../../../adapters/_template/soap/ricerca.request.xml"),
            ),
            (
                "ricerca.response.toml",
                include_str!("../../../adapters/_template/soap/ricerca.response.toml"),
            ),
            (
                "examples/setting.json",
                include_str!("../../../adapters/_template/soap/examples/setting.json"),
            ),
            (
                "examples/anagrafe.ricerche-persona/found/1-portal-request.json",
                include_str!(
                    "../../../adapters/_template/soap/examples/anagrafe.ricerche-persona/found/1-portal-request.json"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/found/3-back-end-response.ricerca.http",
                include_str!(
                    "../../../adapters/_template/soap/examples/anagrafe.ricerche-persona/found/3-back-end-response.ricerca.http"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/not-found/1-portal-request.json",
                include_str!(
                    "../../../adapters/_template/soap/examples/anagrafe.ricerche-persona/not-found/1-portal-request.json"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/not-found/3-back-end-response.ricerca.http",
                include_str!(
                    "../../../adapters/_template/soap/examples/anagrafe.ricerche-persona/not-found/3-back-end-response.ricerca.http"
                ),
            ),
        ],
    },
    Skeleton {
        name: "soap-cdata",
        dialects: &["d4"],
        about: "one rpc operation, XML in CDATA, HTTP Basic",
        files: &[
            (
                "adapter.toml",
                include_str!("../../../adapters/_template/soap-cdata/adapter.toml"),
            ),
            (
                "notes.md",
                include_str!("../../../adapters/_template/soap-cdata/notes.md"),
            ),
            (
                "parametri.xml",
                include_str!("../../../adapters/_template/soap-cdata/parametri.xml"),
            ),
            (
                "soggetto.request.xml",
                include_str!("../../../adapters/_template/soap-cdata/soggetto.request.xml"),
            ),
            (
                "soggetto.response.toml",
                include_str!("../../../adapters/_template/soap-cdata/soggetto.response.toml"),
            ),
            (
                "examples/setting.json",
                include_str!("../../../adapters/_template/soap-cdata/examples/setting.json"),
            ),
            (
                "examples/anagrafe.ricerche-persona/found/1-portal-request.json",
                include_str!(
                    "../../../adapters/_template/soap-cdata/examples/anagrafe.ricerche-persona/found/1-portal-request.json"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/found/3-back-end-response.soggetto.http",
                include_str!(
                    "../../../adapters/_template/soap-cdata/examples/anagrafe.ricerche-persona/found/3-back-end-response.soggetto.http"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/not-found/1-portal-request.json",
                include_str!(
                    "../../../adapters/_template/soap-cdata/examples/anagrafe.ricerche-persona/not-found/1-portal-request.json"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/not-found/3-back-end-response.soggetto.http",
                include_str!(
                    "../../../adapters/_template/soap-cdata/examples/anagrafe.ricerche-persona/not-found/3-back-end-response.soggetto.http"
                ),
            ),
        ],
    },
    Skeleton {
        name: "soap-token",
        dialects: &["d3"],
        about: "SOAP, login token, XML in strings",
        files: &[
            (
                "adapter.toml",
                include_str!("../../../adapters/_template/soap-token/adapter.toml"),
            ),
            (
                "anagrafe.response.toml",
                include_str!("../../../adapters/_template/soap-token/anagrafe.response.toml"),
            ),
            (
                "anagrafe.richiesta.xml",
                include_str!("../../../adapters/_template/soap-token/anagrafe.richiesta.xml"),
            ),
            (
                "interroga.request.xml",
                include_str!("../../../adapters/_template/soap-token/interroga.request.xml"),
            ),
            (
                "login.request.xml",
                include_str!("../../../adapters/_template/soap-token/login.request.xml"),
            ),
            (
                "login.response.toml",
                include_str!("../../../adapters/_template/soap-token/login.response.toml"),
            ),
            (
                "notes.md",
                include_str!("../../../adapters/_template/soap-token/notes.md"),
            ),
            (
                "examples/setting.json",
                include_str!("../../../adapters/_template/soap-token/examples/setting.json"),
            ),
            (
                "examples/_login/credentials-refused/3-back-end-response.token.http",
                include_str!(
                    "../../../adapters/_template/soap-token/examples/_login/credentials-refused/3-back-end-response.token.http"
                ),
            ),
            (
                "examples/_login/granted/3-back-end-response.token.http",
                include_str!(
                    "../../../adapters/_template/soap-token/examples/_login/granted/3-back-end-response.token.http"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/found/1-portal-request.json",
                include_str!(
                    "../../../adapters/_template/soap-token/examples/anagrafe.ricerche-persona/found/1-portal-request.json"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/found/3-back-end-response.anagrafe.http",
                include_str!(
                    "../../../adapters/_template/soap-token/examples/anagrafe.ricerche-persona/found/3-back-end-response.anagrafe.http"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/not-found/1-portal-request.json",
                include_str!(
                    "../../../adapters/_template/soap-token/examples/anagrafe.ricerche-persona/not-found/1-portal-request.json"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/not-found/3-back-end-response.anagrafe.http",
                include_str!(
                    "../../../adapters/_template/soap-token/examples/anagrafe.ricerche-persona/not-found/3-back-end-response.anagrafe.http"
                ),
            ),
        ],
    },
    Skeleton {
        name: "soap-two-steps",
        dialects: &["d2"],
        about: "SOAP, DataSets in two steps",
        files: &[
            (
                "adapter.toml",
                include_str!("../../../adapters/_template/soap-two-steps/adapter.toml"),
            ),
            (
                "elenco.request.xml",
                include_str!("../../../adapters/_template/soap-two-steps/elenco.request.xml"),
            ),
            (
                "elenco.response.toml",
                include_str!("../../../adapters/_template/soap-two-steps/elenco.response.toml"),
            ),
            (
                "individuo.request.xml",
                include_str!("../../../adapters/_template/soap-two-steps/individuo.request.xml"),
            ),
            (
                "individuo.response.toml",
                include_str!("../../../adapters/_template/soap-two-steps/individuo.response.toml"),
            ),
            (
                "notes.md",
                include_str!("../../../adapters/_template/soap-two-steps/notes.md"),
            ),
            (
                "examples/setting.json",
                include_str!("../../../adapters/_template/soap-two-steps/examples/setting.json"),
            ),
            (
                "examples/anagrafe.ricerche-persona/found/1-portal-request.json",
                include_str!(
                    "../../../adapters/_template/soap-two-steps/examples/anagrafe.ricerche-persona/found/1-portal-request.json"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/found/3-back-end-response.elenco.http",
                include_str!(
                    "../../../adapters/_template/soap-two-steps/examples/anagrafe.ricerche-persona/found/3-back-end-response.elenco.http"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/found/3-back-end-response.individuo.http",
                include_str!(
                    "../../../adapters/_template/soap-two-steps/examples/anagrafe.ricerche-persona/found/3-back-end-response.individuo.http"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/not-found/1-portal-request.json",
                include_str!(
                    "../../../adapters/_template/soap-two-steps/examples/anagrafe.ricerche-persona/not-found/1-portal-request.json"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/not-found/3-back-end-response.elenco.http",
                include_str!(
                    "../../../adapters/_template/soap-two-steps/examples/anagrafe.ricerche-persona/not-found/3-back-end-response.elenco.http"
                ),
            ),
        ],
    },
    Skeleton {
        name: "sql",
        dialects: &["d9"],
        about: "views of a municipality's database",
        files: &[
            (
                "adapter.toml",
                include_str!("../../../adapters/_template/sql/adapter.toml"),
            ),
            (
                "notes.md",
                include_str!("../../../adapters/_template/sql/notes.md"),
            ),
            (
                "persona.response.toml",
                include_str!("../../../adapters/_template/sql/persona.response.toml"),
            ),
            (
                "persona.sql",
                include_str!("../../../adapters/_template/sql/persona.sql"),
            ),
            (
                "righe.sql",
                include_str!("../../../adapters/_template/sql/righe.sql"),
            ),
            (
                "examples/setting.json",
                include_str!("../../../adapters/_template/sql/examples/setting.json"),
            ),
            (
                "examples/anagrafe.ricerche-persona/found/1-portal-request.json",
                include_str!(
                    "../../../adapters/_template/sql/examples/anagrafe.ricerche-persona/found/1-portal-request.json"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/found/3-back-end-response.persona.jsonl",
                include_str!(
                    "../../../adapters/_template/sql/examples/anagrafe.ricerche-persona/found/3-back-end-response.persona.jsonl"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/not-found/1-portal-request.json",
                include_str!(
                    "../../../adapters/_template/sql/examples/anagrafe.ricerche-persona/not-found/1-portal-request.json"
                ),
            ),
            (
                "examples/anagrafe.ricerche-persona/not-found/3-back-end-response.persona.jsonl",
                include_str!(
                    "../../../adapters/_template/sql/examples/anagrafe.ricerche-persona/not-found/3-back-end-response.persona.jsonl"
                ),
            ),
        ],
    },
];
