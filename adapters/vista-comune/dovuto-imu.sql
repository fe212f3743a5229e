SELECT IMP_DOVUTO_EU
  FROM vw_imu_dovuto
 WHERE ID_ORIG_SOGG_CNT = :capture.soggetto AND YEA_RIF = :anno
