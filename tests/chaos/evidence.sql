-- What the portal's database says of one exercise, as one JSON document. :prefix is the exercise's name and a percent sign.
SELECT json_build_object(
  'jobs', (SELECT coalesce(json_agg(found), '[]') FROM (
    SELECT j.id, i.dataset_name AS token, j.submission_id AS submission, s.idempotency_key AS key, j."index", j.state,
           j.cause, j.cause_words AS words, j.cancel_requested AS withdrawn, j.cancel_requested_by AS withdrawn_by
    FROM job j JOIN job_input i ON i.job_id = j.id JOIN submission s ON s.id = j.submission_id
    WHERE i.dataset_name LIKE :'prefix' ORDER BY j.id) found),
  'attempts', (SELECT coalesce(json_agg(found), '[]') FROM (
    SELECT a.id, a.job_id AS job, a.number, a.name, a.cluster_job, a.array_index, a.submitted, a.job_sha256, a.fenced,
           a.ended, a.outcome, a.seen
    FROM attempt a WHERE a.job_id IN (SELECT job_id FROM job_input WHERE dataset_name LIKE :'prefix')
    ORDER BY a.job_id, a.number) found),
  'outputs', (SELECT coalesce(json_agg(found), '[]') FROM (
    SELECT o.job_id AS job, o.attempt_id AS attempt, o.name, o.dataset_id AS dataset
    FROM job_output o WHERE o.job_id IN (SELECT job_id FROM job_input WHERE dataset_name LIKE :'prefix')
    ORDER BY o.job_id) found),
  'datasets', (SELECT coalesce(json_agg(found), '[]') FROM (
    SELECT d.id, d.name, d.location, f.name AS file, f.checksum AS sha256
    FROM icat_dataset d JOIN icat_dataset_type t ON t.id = d.type_id LEFT JOIN icat_datafile f ON f.dataset_id = d.id
    WHERE t.name = 'chaos result' AND d.name LIKE :'prefix' ORDER BY d.id) found));
