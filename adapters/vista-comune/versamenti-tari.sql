SELECT DAT_PAG, IMP_PAG_EU, COD_TRIBUTO
  FROM vw_tari_versamenti
 WHERE ID_ORIG_SOGG = :capture.soggetto AND ANNO = :anno
 ORDER BY DAT_PAG, ID_ORIG
