-- Fails when no run has released anything for two days. Run by outfit_pairing.monitoring.job.yml.
SELECT assert_true(
  coalesce(max(started_at) > current_timestamp() - INTERVAL 2 DAYS, false),
  'outfit-pairing: no run has ended with a release for two days; look at the runs of the job and at the table runs'
) AS fresh
FROM IDENTIFIER(:catalog || '.' || :schema || '.runs')
WHERE stage = 'release' AND status = 'done'
