SELECT TOTALE
  FROM vw_tari_avvisi
 WHERE ID_ORIG_SOGG = :capture.soggetto AND ANNO = :anno
