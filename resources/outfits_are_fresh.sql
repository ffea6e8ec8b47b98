-- Fails when no run that made outfits has released them for two days; the daily check releases too, but makes none.
-- Run by outfit_pairing_monitoring.job.yml.
SELECT assert_true(
  coalesce(max(released_at) > current_timestamp() - INTERVAL 2 DAYS, false),
  'outfit-pairing: no run has made and released outfits for two days; look at the runs of the job and at the table runs'
) AS fresh
FROM (
  SELECT max(CASE WHEN stage = 'release' THEN started_at END) AS released_at
  FROM IDENTIFIER('`' || :catalog || '`.`' || :schema || '`.runs')
  WHERE status = 'done'
  GROUP BY run_id
  HAVING count_if(stage = 'publish') > 0
)
