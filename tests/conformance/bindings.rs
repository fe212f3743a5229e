//! Cantù of the gateway's province, bound to other dialects than its own.

use crate::harness::files::Files;

/// Cantù, with the resident whom the documents quote.
pub const CANTU: (&str, &str) = ("013041", "BNCNNA75T71B639E");
/// Erba.
pub const ERBA: (&str, &str) = ("013095", "FOXLAX01B28D416I");

/// The address of a dialect by the port that the example of Como has for it.
fn address(files: &Files, port: u16) -> String {
    let mut others = files.back_ends.others.iter();
    let found = others.find(|(known, _)| *known == port);
    found.map(|(_, address)| address.clone()).unwrap()
}

/// The registry over rpc with XML in CDATA, which sends the password back in every answer.
pub fn registry_that_echoes(files: &mut Files) {
    let address = address(files, 18104);
    files
        .put("segreti/cantu-sici", "d4-prova-b639".to_owned())
        .append("istanze/prove.toml", &format!("[[instance]]\nname = \"cantu-sici\"\nadapter = \"sici-rpc\"\naddress = \"{address}\"\nvalues = {{ utente = \"gw\" }}\nsecrets = {{ password = {{ file = \"../segreti/cantu-sici\" }} }}\nbounds = {{ concurrency = 1, connect_deadline = \"900ms\", answer_deadline = \"2s\" }}\n"))
        .replace("enti/prove.toml", "instance = \"cantu-civilia\"", "instance = \"cantu-sici\"\nvalues = { codice = \"B639\" }");
}

/// The taxes at an office whose credentials are hashed with the time.
pub fn taxes_by_the_clock(files: &mut Files) {
    let address = address(files, 18105);
    let user = format!("{:0<40}", "62363339");
    let values = format!(
        "utente = \"{user}\", intermediario_pec = \"caf.fittizio@pec.example\", operatore_nome = \"PONTILE\", operatore_codice_fiscale = \"00000000000\", operatore_email = \"pontile@pec.example\""
    );
    files
        .put("segreti/cantu-tributi", format!("{:0<40}", "d5-prova-b639"))
        .append("istanze/prove.toml", &format!("[[instance]]\nname = \"cantu-tributi\"\nadapter = \"tributi-impronta\"\naddress = \"{address}/b639\"\nvalues = {{ {values} }}\nsecrets = {{ passphrase = {{ file = \"../segreti/cantu-tributi\" }} }}\nbounds = {{ connect_deadline = \"900ms\", answer_deadline = \"2s\" }}\n"))
        .replace("enti/prove.toml", "instance = \"cantu-next\"", "instance = \"cantu-tributi\"");
}

/// The registry in screens with numbers, by the adapter of that name.
pub fn registry_in_screens(files: &mut Files, adapter: &str) {
    let address = address(files, 18107);
    files
        .put("segreti/cantu-schermate", "d7-prova-b639".to_owned())
        .append("istanze/prove.toml", &format!("[[instance]]\nname = \"cantu-schermate\"\nadapter = \"{adapter}\"\naddress = \"{address}\"\nvalues = {{ utente = \"gw\" }}\nsecrets = {{ password = {{ file = \"../segreti/cantu-schermate\" }} }}\nbounds = {{ connect_deadline = \"900ms\", answer_deadline = \"1s\" }}\n"))
        .replace("enti/prove.toml", "instance = \"cantu-civilia\"", "instance = \"cantu-schermate\"\nvalues = { banca_dati = \"b639\" }");
}
