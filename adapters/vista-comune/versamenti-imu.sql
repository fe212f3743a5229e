SELECT DAT_PAG, IMP_PAG_EU
  FROM vw_imu_versamenti
 WHERE ID_ORIG_SOGG_ICI = :capture.soggetto AND YEA_RIF = :anno
 ORDER BY DAT_PAG, ID_ORIG
